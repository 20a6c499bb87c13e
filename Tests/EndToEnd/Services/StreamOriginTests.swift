import Foundation
import Testing

/// Streams for pages of other origins.
@Suite(.timeLimit(.minutes(5)))
struct StreamOriginTests {
    private static let page = "https://page.example"
    private static let ticks = "\(ShowcaseGateway.source)/stream/ticks"

    /// Pages of others are for users who sign in; a token is what a page can send.
    private static let gateway = Result { () throws -> (Gateway, TemporaryFolder) in
        let folder = try TemporaryFolder()
        let tokens = try folder.write("tokens.csv", "root-token,root,u-0,\"system:masters\"\n")
        let gateway = try ShowcaseGateway.start(flags: [
            "--token-auth-file", tokens, "--stream-allowed-origins", "\(page),https://*.corp.example",
        ])
        return (gateway, folder)
    }

    private func gateway() throws -> Gateway { try Self.gateway.get().0 }
    private let token = ("Authorization", "Bearer root-token")

    private func expectGrant(_ answer: Answer, _ origin: String = page) {
        #expect(answer.all("Access-Control-Allow-Origin") == [origin])
        #expect(answer.all("Access-Control-Allow-Credentials") == ["true"])
        #expect(answer.all("Vary") == ["Origin"])
    }

    private func expectNothing(_ answer: Answer) {
        let names = answer.headers.map { $0.name.lowercased() }
        #expect(!names.contains { $0.hasPrefix("access-control-") || $0 == "vary" }, "\(names)")
    }

    @Test(arguments: ["text/event-stream", "application/x-ndjson"])
    func `a listed page may read the stream`(accept: String) throws {
        for origin in [Self.page, "https://x.corp.example"] {
            let stream = try BodyLines(
                try gateway(), Self.ticks, [token, ("Accept", accept), ("Origin", origin)])
            #expect(stream.head.status == 200)
            expectGrant(stream.head, origin)
            #expect(try stream.next() != nil)
        }
        expectNothing(try BodyLines(try gateway(), Self.ticks, [token, ("Accept", accept)]).head)
    }

    @Test func `a preflight is answered without a credential`() throws {
        for origin in [Self.page, "https://x.corp.example"] {
            let answer = try gateway().request(
                "OPTIONS", Self.ticks,
                [
                    ("Origin", origin), ("Access-Control-Request-Method", "GET"),
                    ("Access-Control-Request-Headers", "authorization,last-event-id"),
                ])
            #expect(answer.status == 204 && answer.body.isEmpty, "\(answer.text)")
            expectGrant(answer, origin)
            #expect(answer["Access-Control-Allow-Methods"] == "GET, POST")
            #expect(answer["Access-Control-Allow-Headers"] == "Authorization, Content-Type, Last-Event-ID")
            #expect(answer["Access-Control-Max-Age"] == "600")
        }
    }

    @Test func `what is published and what is refused is for the page to read too`() throws {
        let origin = ("Origin", Self.page)
        let published = try gateway().request(
            "POST", "\(ShowcaseGateway.source)/stream/chat", [token, origin], body: #"{"say":"hello"}"#)
        #expect(published.status == 200, "\(published.text)")
        expectGrant(published)
        for (path, headers, status) in [
            (Self.ticks, [("Authorization", "Bearer nonsense")], 401),
            ("\(ShowcaseGateway.source)/stream/secret", [token], 403),
            ("\(ShowcaseGateway.source)/stream/no", [token], 404),
            (Self.ticks, [token, ("Accept", "image/png")], 406),
        ] {
            let answer = try gateway().request("GET", path, headers + [origin])
            #expect(answer.status == status && answer.isStatus, "\(answer.text)")
            expectGrant(answer)
        }
        let put = try gateway().request("PUT", Self.ticks, [token, origin])
        #expect(put.status == 405)
        expectGrant(put)
    }

    @Test func `other pages and other routes get nothing`() throws {
        let asked = ("Access-Control-Request-Method", "GET")
        for origin in ["https://evil.example", "null", "http://page.example", "https://page.example.evil"] {
            let preflight = try gateway().request("OPTIONS", Self.ticks, [("Origin", origin), asked])
            #expect(preflight.status == 403 || preflight.status == 405, "\(preflight.text)")
            expectNothing(preflight)
            let stream = try gateway().request("GET", Self.ticks, [token, ("Origin", origin)])
            #expect(stream.status == 403, "\(stream.text)")
            expectNothing(stream)
        }
        let listed = ("Origin", Self.page)
        for path in ["\(ShowcaseGateway.source)/health", "\(ShowcaseGateway.source)/resources/echo", "/version"] {
            expectNothing(try gateway().request("GET", path, [token, listed]))
            expectNothing(try gateway().request("OPTIONS", path, [listed, asked]))
        }
        // Without the page's name in Access-Control-Request-Method it is an OPTIONS like any other.
        #expect(try gateway().request("OPTIONS", Self.ticks, [token, listed]).status == 405)
    }
}
