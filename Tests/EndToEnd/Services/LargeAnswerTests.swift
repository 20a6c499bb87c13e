import Foundation
import Glibc
import Testing

/// Answers that are large against `plugin-memory-limit`: what fits passes, the rest is refused, the process stays small.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct LargeAnswerTests {
    private static let mebibyte = 1 << 20
    private static let limit = 128 * mebibyte
    /// What the process may hold besides: one and a fifth of the budget, and what a busy machine makes it late by.
    private static let allowed = limit * 6 / 5 + 60 * mebibyte

    private static let query = "/apis/test.example.com/v1/namespaces/default/datasources/testds/query"
    private static let small = #"{"queries":[{"refId":"A"}]}"#

    /// A way to a large answer.
    enum Way: CaseIterable {
        case resource, json, arrow

        func ask(_ client: RawClient, mebibytes: Int) throws {
            switch self {
            case .resource:
                try client.send(
                    "GET \(ShowcaseGateway.source)/resources/message/\(mebibytes) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            case .json, .arrow:
                let body = #"{"queries":[{"refId":"A","do":"text","mib":\#(mebibytes)}]}"#
                let accept = self == .json ? "application/json" : "application/vnd.apache.arrow.file"
                try client.send(
                    "POST \(LargeAnswerTests.query) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: \(accept)\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
    }

    private static func start() throws -> Gateway {
        let gateway = try ShowcaseGateway.start(flags: ["--plugin-memory-limit", "\(limit)"]) { folder in
            try TestPlugins.install("testds", in: folder)
            try folder.write("manifests/test.yaml", Gateway.Service().yaml)
        }
        try gateway.waitForPlugin("testds")
        _ = try gateway.request("POST", Self.query, body: Self.small)
        return gateway
    }

    /// Reads an answer and drops its body; gives the head with the number of bytes that came after it.
    private static func drain(_ client: RawClient) throws -> (head: Answer, bytes: Int) {
        var head = try client.readHead()
        guard head.status == 200 else {
            head.body = try client.read(Int(head["Content-Length"] ?? "") ?? 0)
            return (head, 0)
        }
        var bytes = 0
        if let length = head["Content-Length"].flatMap({ Int($0) }) {
            while bytes < length {
                let count = try client.skip(length - bytes)
                guard count > 0 else { throw Trouble("cut after \(bytes) of \(length) bytes") }
                bytes += count
            }
            return (head, bytes)
        }
        while true {
            let size = Int(try client.readLine(), radix: 16) ?? 0
            var left = size
            while left > 0 { left -= try client.skip(left) }
            _ = try client.readLine()
            bytes += size
            if size == 0 { return (head, bytes) }
        }
    }

    @Test(arguments: Way.allCases)
    func `one answer that fits passes, and its memory is given back`(way: Way) throws {
        let gateway = try Self.start()
        let before = gateway.residentBytes
        let client = try RawClient(port: gateway.port, seconds: 60)
        try way.ask(client, mebibytes: 100)
        let (head, bytes) = try Self.drain(client)
        #expect(head.status == 200 && bytes >= 100 * Self.mebibyte)
        #expect(gateway.peakBytes - before < 120 * Self.mebibyte + 60 * Self.mebibyte)
        let deadline = Date(timeIntervalSinceNow: 30)
        while gateway.residentBytes > before + 20 * Self.mebibyte, Date() < deadline { usleep(50_000) }
        #expect(gateway.residentBytes - before < 20 * Self.mebibyte)
    }

    private static func isFull(_ answer: Answer) throws {
        #expect(answer.status == 503 && answer["Retry-After"] == "1", "\(answer.text)")
        #expect(answer.message.contains("plugin-memory-limit"), "\(answer.text)")
    }

    @Test(arguments: Way.allCases)
    func `many at once stay within the budget, the rest is told to come again`(way: Way) throws {
        let gateway = try Self.start()
        let before = gateway.residentBytes
        let clients = try (0..<12).map { _ in try RawClient(port: gateway.port, seconds: 120) }
        for client in clients { try way.ask(client, mebibytes: 60) }
        // A small query beside them goes on.
        let small = try RawClient(port: gateway.port, seconds: 60)
        for _ in 0..<20 {
            let answer = try small.request("POST", Self.query, body: Self.small)
            #expect(answer.status == 200, "\(answer.text)")
        }
        var served = 0
        for client in clients {
            let (head, bytes) = try Self.drain(client)
            if head.status == 200 {
                served += 1
                #expect(bytes >= 60 * Self.mebibyte)
            } else {
                try Self.isFull(head)
            }
        }
        #expect(served >= 1)
        #expect(gateway.peakBytes - before < Self.allowed, "\(gateway.peakBytes - before)")
    }

    @Test(arguments: Way.allCases)
    func `a message larger than the whole budget is refused while it comes`(way: Way) throws {
        let gateway = try Self.start()
        let before = gateway.residentBytes
        let client = try RawClient(port: gateway.port, seconds: 60)
        try way.ask(client, mebibytes: 300)
        let (head, _) = try Self.drain(client)
        #expect(head.status == 502, "\(head.text)")
        #expect(head.message.contains("plugin-memory-limit") && head.message.contains("\(Self.limit)"), "\(head.text)")
        #expect(gateway.peakBytes - before < Self.allowed, "\(gateway.peakBytes - before)")
        // The plugin and its connection are none the worse.
        #expect(try gateway.request("POST", Self.query, body: Self.small).status == 200)
        #expect(try gateway.request("GET", "\(ShowcaseGateway.source)/resources/echo").status == 200)
    }

    @Test func `clients that don't read keep what fits, further answers are refused`() throws {
        let gateway = try Self.start()
        let before = gateway.residentBytes
        var held: [RawClient] = []
        for number in 0..<6 {
            let client = try RawClient(port: gateway.port, seconds: 60, receiveBuffer: 4096)
            try Way.arrow.ask(client, mebibytes: 40)
            let head = try client.readHead()
            if head.status == 200 { held.append(client) } else { #expect(head.status == 503 && number >= 3) }
        }
        #expect(held.count == 3)
        #expect(gateway.peakBytes - before < Self.allowed, "\(gateway.peakBytes - before)")
        let small = try gateway.request("POST", Self.query, body: Self.small)
        #expect(small.status == 200, "\(small.text)")
    }
}
