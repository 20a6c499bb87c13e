import NIOCore
import NIOPosix

/// An answer taken apart.
struct Reply: Sendable {
    var status = 0
    var fields: [(name: String, value: String)] = []
    var body: [UInt8] = []
    /// Whether the body ended as its framing says.
    var isComplete = false

    var text: String { String(decoding: body, as: UTF8.self) }
    subscript(name: String) -> String? { values(name).first }
    func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
}

/// An HTTP/1.1 client that shows what is on the wire.
enum TestClient {
    struct Failure: Error { let text: String }

    /// Sends a request on a connection of its own and reads the whole answer.
    static func send(
        _ bridge: TestBridge, _ method: String, _ target: String, _ headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> Reply {
        try await open(bridge, method, target, headers + [("Connection", "close")], body: body) { reader in
            try await reader.rest(of: method)
        }
    }

    /// Sends a GET and reads the whole answer.
    static func send(
        _ bridge: TestBridge, _ target: String, _ headers: [(String, String)] = []
    ) async throws -> Reply {
        try await send(bridge, "GET", target, headers)
    }

    /// Sends a GET and hands over the answer's bytes as they come.
    static func open<R: Sendable>(
        _ bridge: TestBridge, _ target: String, _ read: (AnswerReader) async throws -> R
    ) async throws -> R {
        try await open(bridge, "GET", target, [], body: [], read)
    }

    /// Sends a request and hands over the answer's bytes as they come.
    static func open<R: Sendable>(
        _ bridge: TestBridge, _ method: String, _ target: String, _ headers: [(String, String)] = [],
        body: [UInt8] = [], _ read: (AnswerReader) async throws -> R
    ) async throws -> R {
        var request = ByteBuffer(string: "\(method) \(target) HTTP/1.1\r\n")
        if !headers.contains(where: { $0.0 == "Host" }) { request.writeString("Host: localhost\r\n") }
        for (name, value) in headers { request.writeString("\(name): \(value)\r\n") }
        if !body.isEmpty { request.writeString("Content-Length: \(body.count)\r\n") }
        request.writeString("\r\n")
        request.writeBytes(body)
        let bytes = request
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            // Little room, so that a client that doesn't read is soon felt.
            .channelOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
            .connect(host: "127.0.0.1", port: bridge.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(bytes)
            let reader = AnswerReader(parts: inbound.makeAsyncIterator())
            return try await read(reader)
        }
    }
}

/// Reads one answer.
final class AnswerReader {
    private var parts: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var buffer: [UInt8] = []
    /// Bytes of the answer so far, head and framing included.
    private(set) var received = 0

    init(parts: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) {
        self.parts = parts
    }

    private func fill() async throws -> Bool {
        do {
            guard let part = try await parts.next() else { return false }
            buffer += part.readableBytesView
            received += part.readableBytes
            return true
        } catch is IOError {
            // A connection that was cut.
            return false
        }
    }

    /// Reads the head.
    func head() async throws -> Reply {
        let text = try await line(endingWith: "\r\n\r\n")
        var reply = Reply()
        let lines = text.split(separator: "\r\n")
        reply.status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw TestClient.Failure(text: "no colon: \(line)") }
            reply.fields.append((String(line[..<colon]), String(line[colon...].dropFirst(2))))
        }
        return reply
    }

    /// Reads up to and with some text.
    func line(endingWith end: String) async throws -> String {
        let end = Array(end.utf8)
        while true {
            if let range = buffer.firstRange(of: end) {
                defer { buffer.removeSubrange(..<range.upperBound) }
                return String(decoding: buffer[..<range.upperBound], as: UTF8.self)
            }
            guard try await fill() else {
                throw TestClient.Failure(text: "ended in: \(String(decoding: buffer.prefix(300), as: UTF8.self))")
            }
        }
    }

    /// Reads and drops so many bytes.
    func skip(_ count: Int) async throws -> Bool {
        var left = count
        while left > 0 {
            let taken = min(left, buffer.count)
            buffer.removeFirst(taken)
            left -= taken
            if left > 0, try await !fill() { return false }
        }
        return true
    }

    /// Reads one chunk of a chunked body, nil at its end or when the connection was cut.
    func chunk() async throws -> [UInt8]? {
        guard let line = try? await line(endingWith: "\r\n"), let size = Int(line.dropLast(1), radix: 16), size > 0
        else {
            return nil
        }
        while buffer.count < size + 2 { guard try await fill() else { return nil } }
        defer { buffer.removeFirst(size + 2) }
        return Array(buffer[..<size])
    }

    /// Reads the whole answer.
    func rest(of method: String = "GET") async throws -> Reply {
        var reply = try await head()
        while try await fill() {}
        if method == "HEAD" || reply.status == 204 || reply.status == 304 {
            reply.isComplete = buffer.isEmpty
            reply.body = buffer
        } else if reply["Transfer-Encoding"] == "chunked" {
            reply.isComplete = dechunk(into: &reply.body)
        } else {
            reply.body = buffer
            reply.isComplete = reply["Content-Length"].flatMap { Int($0) } == buffer.count
        }
        return reply
    }

    private func dechunk(into body: inout [UInt8]) -> Bool {
        var rest = buffer[...]
        while let end = rest.firstRange(of: Array("\r\n".utf8)) {
            guard let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16) else {
                return false
            }
            rest = rest[end.upperBound...]
            if size == 0 { return rest.elementsEqual("\r\n".utf8) }
            body += rest.prefix(size)
            guard rest.count >= size + 2 else { return false }
            rest = rest.dropFirst(size + 2)
        }
        return false
    }
}
