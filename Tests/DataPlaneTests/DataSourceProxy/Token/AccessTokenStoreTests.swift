import DataPlaneAPI
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import DataPlane
@testable import Origins

/// Who asks for a token, and who shares it.
struct AccessTokenStoreTests {
    private static let loop = MultiThreadedEventLoopGroup.singleton.any()

    private func request(_ form: String = "a=b", owner: String = "one") throws -> AccessTokenRequest {
        AccessTokenRequest(
            owner: owner, name: "x", url: try DataSourceURL("http://token"), timeout: 1, grant: .form(Array(form.utf8)))
    }

    private func token(_ text: String, seconds: Int = 3600) throws -> AccessToken {
        try AccessToken(
            answer: Array(#"{"access_token": "\#(text)", "expires_in": \#(seconds)}"#.utf8), name: "x", now: 0)
    }

    /// Counts what is asked and keeps the way to answer it.
    private final class Endpoint: Sendable {
        typealias Answer = @Sendable (Result<AccessToken, GatewayError>) -> Void
        let asked = NIOLockedValueBox<[Answer]>([])

        func fetch(_ done: @escaping Answer) { asked.withLockedValue { $0.append(done) } }
        func answer(_ index: Int, _ result: Result<AccessToken, GatewayError>) {
            asked.withLockedValue { $0.indices.contains(index) ? $0[index] : nil }?(result)
        }
        var count: Int { asked.withLockedValue { $0.count } }
    }

    @Test func `requests at the same time share one question, and later ones its answer`() async throws {
        let (store, endpoint) = (AccessTokenStore(), Endpoint())
        let request = try request()
        let waiting = (0..<5).map { _ in store.token(request, on: Self.loop, fetch: endpoint.fetch) }
        #expect(endpoint.count == 1)
        endpoint.answer(0, .success(try token("t")))
        for future in waiting { #expect(try await future.get().authorization == Array("Bearer t".utf8)) }
        let late = try await store.token(request, on: Self.loop, fetch: endpoint.fetch).get()
        #expect(late.authorization == Array("Bearer t".utf8))
        #expect(endpoint.count == 1)
    }

    @Test func `other settings or another data source ask anew`() async throws {
        let (store, endpoint) = (AccessTokenStore(), Endpoint())
        let futures = try [request(), request("a=c"), request(owner: "two")].map {
            store.token($0, on: Self.loop, fetch: endpoint.fetch)
        }
        #expect(endpoint.count == 3)
        for index in 0..<3 { endpoint.answer(index, .success(try token("t\(index)"))) }
        for (index, future) in futures.enumerated() {
            #expect(try await future.get().authorization == Array("Bearer t\(index)".utf8))
        }
    }

    @Test func `a failure and a token without time reach those who wait and are forgotten`() async throws {
        let (store, endpoint) = (AccessTokenStore(), Endpoint())
        let request = try request()
        let failed = [0, 1].map { _ in store.token(request, on: Self.loop, fetch: endpoint.fetch) }
        endpoint.answer(0, .failure(GatewayError(.badGateway, "no")))
        for future in failed { await #expect(throws: GatewayError.self) { try await future.get() } }
        let short = store.token(request, on: Self.loop, fetch: endpoint.fetch)
        endpoint.answer(1, .success(try token("short", seconds: 5)))
        #expect(try await short.get().authorization == Array("Bearer short".utf8))
        let last = store.token(request, on: Self.loop, fetch: endpoint.fetch)
        #expect(endpoint.count == 3)
        endpoint.answer(2, .success(try token("last")))
        #expect(try await last.get().authorization == Array("Bearer last".utf8))
    }

    @Test func `what is kept is bounded`() async throws {
        let (store, endpoint) = (AccessTokenStore(), Endpoint())
        for index in 0..<1500 {
            let future = store.token(try request("\(index)"), on: Self.loop, fetch: endpoint.fetch)
            endpoint.answer(index, .success(try token("t")))
            _ = try await future.get()
        }
        // The last ones are known, the first were dropped.
        _ = try await store.token(try request("1499"), on: Self.loop, fetch: endpoint.fetch).get()
        #expect(endpoint.count == 1500)
        let first = store.token(try request("0"), on: Self.loop, fetch: endpoint.fetch)
        #expect(endpoint.count == 1501)
        endpoint.answer(1500, .success(try token("t")))
        _ = try await first.get()
    }
}
