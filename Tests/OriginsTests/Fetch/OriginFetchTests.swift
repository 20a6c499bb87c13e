import DataPlaneAPI
import HTTPKit
import NIOCore
import Testing

@testable import Origins

/// What requests on our own account are written as.
struct OriginFetchTests {
    private func send(_ bench: ProxyBench, _ fetch: OriginFetch) throws -> (
        sent: String, answers: [Result<OriginFetch.Answer, GatewayError>]
    ) {
        var answers: [Result<OriginFetch.Answer, GatewayError>] = []
        fetch.send(through: bench.pool) { answers.append($0) }
        return (try bench.sent(bench.upstream).joined(), answers)
    }

    private func fetch(
        _ method: String, _ target: String, _ fields: HeaderBlock = ["Host": "h"], body: [UInt8]? = nil
    ) -> OriginFetch {
        OriginFetch(
            name: "it", method: method, target: Array(target.utf8), fields: fields, body: body, milliseconds: 1_000,
            limit: 1_000, sharesConnection: true)
    }

    @Test(arguments: [
        ("GET", "/a b"), ("GET", "/a\r\nX-WEBAUTH-USER: admin"), ("GET", "/a\n"), ("GET", "/\u{0}"), ("GET", "/\u{7F}"),
        ("GET", "a"), ("GET", ""), ("GET", "http://other/"), ("GET /x HTTP/1.1\r\nA:", "/"), ("", "/"), ("G T", "/"),
    ])
    func `what would begin another request is never written`(_ method: String, _ target: String) throws {
        let bench = try ProxyBench()
        let (sent, answers) = try send(bench, fetch(method, target))
        #expect(sent.isEmpty && answers.count == 1)
        #expect(throws: GatewayError.self) { try answers.first?.get() }
        guard case .failure(let error) = answers.first else { return }
        #expect(error.code == .badRequest && error.message.contains("a request to it can't be sent"))
        #expect(bench.pool.takeIdle() != nil)
    }

    @Test func `framing and what is about the connection are written once, and by us`() throws {
        let foreign: HeaderBlock = [
            "Host": "h", "Content-Length": "99", "Transfer-Encoding": "chunked", "Connection": "close", "Expect": "x",
            "Upgrade": "websocket", "TE": "trailers", "X-Own": "1",
        ]
        let (sent, _) = try send(try ProxyBench(), fetch("POST", "/a?b=%0A", foreign, body: Array("hello".utf8)))
        #expect(sent == "POST /a?b=%0A HTTP/1.1\r\nHost: h\r\nX-Own: 1\r\nContent-Length: 5\r\n\r\nhello")
    }

    @Test(arguments: [("GET", ""), ("DELETE", ""), ("POST", "Content-Length: 0\r\n"), ("PUT", "Content-Length: 0\r\n")])
    func `a method that usually has a body states that it has none`(_ method: String, _ length: String) throws {
        let (sent, _) = try send(try ProxyBench(), fetch(method, "/"))
        #expect(sent == "\(method) / HTTP/1.1\r\nHost: h\r\n\(length)\r\n")
    }

    @Test func `a shared connection goes back when the answer is whole`() throws {
        let bench = try ProxyBench()
        var answers: [Result<OriginFetch.Answer, GatewayError>] = []
        fetch("GET", "/").send(through: bench.pool) { answers.append($0) }
        #expect(bench.pool.takeIdle() == nil)
        try bench.receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", from: bench.upstream)
        let answer = try #require(try answers.first?.get())
        #expect(answer.status == 200 && answer.body == Array("hi".utf8))
        #expect(bench.pool.takeIdle() === bench.connection)
    }
}
