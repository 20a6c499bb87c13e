import Foundation

/// The lines of an answer's chunked body, each as soon as it came.
final class BodyLines {
    let head: Answer
    private let client: RawClient
    private var rest: [UInt8] = []
    private var isAtEnd = false

    /// Sends a request and reads the head of its answer.
    init(
        _ gateway: Gateway, _ target: String, _ headers: [(String, String)] = [], method: String = "GET",
        body: String = ""
    ) throws {
        client = try gateway.connect()
        var text = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
        try client.send(text + "\r\n" + body)
        head = try client.readHead()
        guard head["Transfer-Encoding"] == "chunked" else {
            throw Trouble("no stream: \(head.status) \(head.headers.map(\.name))")
        }
    }

    /// The next line; nil at the end.
    func next() throws -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                defer { rest.removeSubrange(...end) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            if isAtEnd { return nil }
            guard let size = Int(try client.readLine(), radix: 16) else { throw Trouble("no chunk size") }
            rest += try client.read(size)
            _ = try client.readLine()
            isAtEnd = size == 0
        }
    }

    /// The next line as a JSON object.
    func json() throws -> [String: Any] {
        guard let line = try next() else { throw Trouble("the stream ended") }
        guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw Trouble("no object: \(line)")
        }
        return object
    }

    /// The next Server-Sent Event by field name; `event` is missing for plain messages.
    func event() throws -> [String: String] {
        var fields: [String: String] = [:]
        while let line = try next() {
            if line.isEmpty {
                if fields.isEmpty { continue }
                return fields
            }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            // A comment is a sign of life.
            guard let name = parts.first, !name.isEmpty, parts.count == 2 else { continue }
            fields[String(name)] = String(parts[1].drop { $0 == " " })
        }
        throw Trouble("the stream ended")
    }

    /// The next packet's data of an event stream.
    func eventData() throws -> (id: String, data: [String: Any]) {
        while true {
            let event = try event()
            guard event["event"] == nil, let data = event["data"] else { continue }
            let object = try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any]
            return (event["id"] ?? "", object ?? [:])
        }
    }

    /// Everything up to the end.
    func remaining() throws -> [String] {
        var lines: [String] = []
        while let line = try next() { lines.append(line) }
        return lines
    }
}
