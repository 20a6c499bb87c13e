import Foundation
import Testing

/// Large bodies stream both ways in bounded memory; a slow side slows the other one down.
@Suite(.serialized, .timeLimit(.minutes(4)))
struct StreamingTests {
    /// Megabytes each way; `STREAM_MIB` for a longer run by hand.
    static let size = (ProcessInfo.processInfo.environment["STREAM_MIB"].flatMap { Int($0) } ?? 256) << 20
    /// How much the gateway may grow meanwhile.
    static let growth = 60 << 20

    @Test(arguments: ["", "&close=1"])
    func `a large answer streams`(ending: String) throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        _ = try gateway.request("GET", "/warm")
        let before = gateway.residentBytes
        let client = try gateway.connect()
        try client.send("GET /big?n=\(Self.size)\(ending) HTTP/1.0\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        var received = 0
        var peak = before
        while received < Self.size {
            let count = try client.skip(1 << 20)
            if count == 0 { break }
            received += count
            if received & 0xFF_FFFF < count { peak = max(peak, gateway.residentBytes) }
        }
        #expect(received == Self.size)
        print("answer of \(Self.size >> 20) MiB: RSS \(before >> 20) MiB, peak \(peak >> 20) MiB")
        #expect(peak - before < Self.growth)
    }

    @Test func `a large request streams`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        _ = try gateway.request("GET", "/warm")
        let before = gateway.residentBytes
        var peak = before
        let client = try RawClient(port: gateway.port, seconds: 60)
        try client.send("POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.size)\r\n\r\n")
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        for index in 0..<(Self.size >> 20) {
            try client.send(block)
            if index % 16 == 0 { peak = max(peak, gateway.residentBytes) }
        }
        #expect(try client.readAnswer().text == "\(Self.size)")
        print("request of \(Self.size >> 20) MiB: RSS \(before >> 20) MiB, peak \(peak >> 20) MiB")
        #expect(peak - before < Self.growth)
    }

    @Test func `both ways at once`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        let client = try RawClient(port: gateway.port, seconds: 60)
        let blocks = 64
        try client.send("POST /duplex HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        let sender = Thread {
            for _ in 0..<blocks { try? client.send(Array("100000\r\n".utf8) + block + [0x0D, 0x0A]) }
            try? client.send("0\r\n\r\n")
        }
        sender.start()
        #expect(try client.readAnswer().body.count == blocks << 20)
    }

    @Test func `a client that doesn't read holds the upstream back, and gets all of it in the end`() throws {
        for ending in ["", "&close=1"] {
            let gateway = try Gateway(upstream: try Shared.upstream.get().port)
            _ = try gateway.request("GET", "/warm")
            let size = 40 << 20
            let clients = try (0..<4).map { _ in try RawClient(port: gateway.port, seconds: 20, receiveBuffer: 65_536) }
            for client in clients {
                try client.send("GET /big?n=\(size)\(ending) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(try client.readHead().status == 200)
            }
            // By now every buffer between is full; the gateway holds at most its own.
            #expect(gateway.residentBytes < 150 << 20)
            for client in clients {
                let body = try client.readToEnd()
                #expect(body.count >= size, "\(body.count) of \(size)")
            }
        }
    }

    @Test func `the tail of an answer survives an upstream that closes while the client is slow`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        for size in [1 << 20, 2 << 20, 3 << 20, 5 << 20, 8 << 20] {
            let client = try RawClient(port: gateway.port, seconds: 20, receiveBuffer: 4096)
            let open = try Shared.upstream.get().statistic("open")
            try client.send("GET /big?n=\(size)&close=1 HTTP/1.0\r\nHost: a\r\n\r\n")
            _ = try client.readHead()
            // The upstream is done, or blocked, before the client reads on.
            let deadline = Date(timeIntervalSinceNow: 1)
            while try Shared.upstream.get().statistic("open") > open, Date() < deadline {}
            #expect(try client.readToEnd().count == size)
        }
    }

    @Test func `an upstream that reads slowly holds the client back`() throws {
        let gateway = try Gateway(upstream: try Shared.upstream.get().port)
        _ = try gateway.request("GET", "/warm")
        let before = gateway.residentBytes
        let client = try RawClient(port: gateway.port, seconds: 60)
        let size = 48 << 20
        try client.send("POST /sink?slow=1 HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        var peak = before
        for _ in 0..<48 {
            try client.send(block)
            peak = max(peak, gateway.residentBytes)
        }
        #expect(try client.readAnswer().text == "\(size)")
        #expect(peak - before < Self.growth)
    }

    @Test func `slow pieces are not held back`() throws {
        let client = try Shared.proxy.get().connect()
        try client.send("GET /slow?n=5 HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        let start = Date()
        #expect(try client.readLine() == "1")
        #expect(Date().timeIntervalSince(start) < 0.2)
    }
}
