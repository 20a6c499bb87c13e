import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPKit
@testable import Origins

/// How an exchange goes through a connection to the upstream.
struct ForwardedExchangeTests {
    @Test func headAndBodyLeaveInOneWrite() throws {
        let bench = try ProxyBench()
        try bench.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", from: bench.client)
        let sent = try bench.sent(bench.upstream)
        #expect(sent.count == 1 && bench.writes.flushes == 1)
        #expect(sent.first?.hasPrefix("POST /a HTTP/1.1\r\n") == true && sent.first?.hasSuffix("\r\n\r\nhello") == true)
    }

    @Test func aChunkedBodyAtHandLeavesInOneWriteToo() throws {
        let bench = try ProxyBench()
        try bench.receive(
            "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            from: bench.client)
        let sent = try bench.sent(bench.upstream)
        #expect(sent.count == 1 && bench.writes.flushes == 1)
        #expect(sent.first?.hasSuffix("\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") == true)
    }

    @Test(arguments: ["Content-Length: 5", "Transfer-Encoding: chunked"])
    func aHeadWithoutItsBodyLeavesAtOnce(_ framing: String) throws {
        let bench = try ProxyBench()
        // Of a chunked body there is something at hand, but nothing that can go on.
        let begin = framing.hasPrefix("T") ? "5\r" : ""
        try bench.receive("POST /a HTTP/1.1\r\nHost: h\r\n\(framing)\r\n\r\n\(begin)", from: bench.client)
        #expect(try bench.sent(bench.upstream).count == 1)
        try bench.receive(framing.hasPrefix("T") ? "\nhello\r\n" : "hello", from: bench.client)
        let sent = try bench.sent(bench.upstream)
        #expect(sent == [framing.hasPrefix("T") ? "5\r\nhello\r\n" : "hello"])
        #expect(bench.writes.flushes == 2)
    }

    @Test func aLargePartGoesOnAsItIs() throws {
        let bench = try ProxyBench()
        let body = String(repeating: "x", count: 100_000)
        try bench.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n\(body)", from: bench.client)
        let sent = try bench.sent(bench.upstream)
        #expect(sent.count == 2 && sent.last == body && bench.writes.flushes == 1)
    }

    @Test func idleConnectionsKeepNothingOfWhatTheyReceived() throws {
        let bench = try ProxyBench()
        try bench.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", from: bench.client)
        try bench.receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", from: bench.upstream)
        #expect(try bench.sent(bench.client).joined().hasSuffix("\r\n\r\nok"))
        #expect(bench.pool.openCount == 1)
        #expect(bench.server.pending.storageCapacity == 0)
        #expect(bench.connection.pending.storageCapacity == 0)
    }
}
