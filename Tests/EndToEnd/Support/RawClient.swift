import Foundation
import Glibc

/// A TCP connection that sends any bytes and reads HTTP/1.1 answers; blocks, for at most its time-out.
///
/// One thread may send while another one reads.
final class RawClient: @unchecked Sendable {
    private let socket: Int32
    private var buffer: [UInt8] = []
    private(set) var isAtEnd = false

    init(port: UInt16, seconds: Int = 15, receiveBuffer: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | 0o2000000, 0)
        guard socket >= 0 else { throw Trouble("no socket: \(String(cString: strerror(errno)))") }
        if var size = receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            let why = String(cString: strerror(errno))
            Glibc.close(socket)
            throw Trouble("can't connect to port \(port): \(why)")
        }
    }

    deinit { Glibc.close(socket) }

    /// Sends bytes.
    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw Trouble("send: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends text as UTF-8.
    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Ends our side of the connection.
    func shutdownWriting() { shutdown(socket, Int32(SHUT_WR)) }

    /// Cuts the connection with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(socket, Int32(SHUT_RDWR))
    }

    /// Reads some more; false at the end.
    private func fill() throws -> Bool {
        if isAtEnd { return false }
        var piece = [UInt8](repeating: 0, count: 262_144)
        let count = recv(socket, &piece, piece.count, 0)
        if count > 0 {
            buffer += piece[..<count]
            return true
        }
        if count == 0 || errno == ECONNRESET {
            isAtEnd = true
            return false
        }
        throw Trouble(
            "no bytes in time; so far \(buffer.count): \(String(decoding: buffer.prefix(400), as: UTF8.self))")
    }

    /// Reads and drops bytes; returns how many came, at most so many at once, 0 at the end.
    func skip(_ limit: Int) throws -> Int {
        if buffer.isEmpty, try !fill() { return 0 }
        let count = min(limit, buffer.count)
        buffer.removeFirst(count)
        return count
    }

    /// Reads exactly so many bytes.
    func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count {
            guard try fill() else { throw Trouble("the connection ended after \(buffer.count) of \(count) bytes") }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Reads up to and without the line end.
    func readLine() throws -> String {
        var start = 0
        while true {
            if let end = buffer[start...].firstIndex(of: 0x0A) {
                let line = buffer[..<end].last == 0x0D ? buffer[..<(end - 1)] : buffer[..<end]
                let text = String(decoding: line, as: UTF8.self)
                buffer.removeFirst(end + 1)
                return text
            }
            start = buffer.count
            guard try fill() else {
                throw Trouble("the connection ended within a line: \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    private func readFields() throws -> [(name: String, value: [UInt8])] {
        var fields: [(name: String, value: [UInt8])] = []
        while true {
            while !buffer.contains(0x0A) {
                guard try fill() else { throw Trouble("the connection ended within a head") }
            }
            guard let end = buffer.firstIndex(of: 0x0A) else { continue }
            let line = Array(buffer[..<(end > 0 && buffer[end - 1] == 0x0D ? end - 1 : end)])
            buffer.removeFirst(end + 1)
            if line.isEmpty { return fields }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw Trouble("no colon in a field") }
            fields.append(
                (String(decoding: line[..<colon], as: UTF8.self), Array(line[(colon + 1)...].drop { $0 == 0x20 })))
        }
    }

    /// Reads status line and fields of the next answer.
    func readHead() throws -> Answer {
        var answer = Answer()
        let parts = try readLine().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let status = Int(parts[1]) else { throw Trouble("no status line: \(parts)") }
        answer.version = String(parts[0])
        answer.status = status
        answer.reason = parts.count > 2 ? String(parts[2]) : ""
        answer.headers = try readFields()
        return answer
    }

    /// Reads the next answer with its body.
    func readAnswer(to method: String = "GET") throws -> Answer {
        var answer = try readHead()
        var interim: [Int] = []
        while answer.status < 200, answer.status != 101 {
            interim.append(answer.status)
            answer = try readHead()
        }
        answer.interim = interim
        if method == "HEAD" || answer.status == 204 || answer.status == 304 || answer.status == 101 { return answer }
        if answer["Transfer-Encoding"]?.lowercased() == "chunked" {
            while true {
                let line = try readLine()
                guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else {
                    throw Trouble("no chunk size: \(line)")
                }
                if size == 0 { break }
                answer.body += try read(size)
                _ = try readLine()
            }
            answer.trailers = try readFields()
        } else if let length = answer["Content-Length"].flatMap({ Int($0) }) {
            answer.body = try read(length)
        } else {
            answer.body = try readToEnd()
        }
        return answer
    }

    /// Reads until the peer closes.
    func readToEnd() throws -> [UInt8] {
        while try fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Sends a request and reads its answer.
    func request(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: String? = nil
    ) throws -> Answer {
        var text = "\(method) \(target) HTTP/1.1\r\n"
        if !headers.contains(where: { $0.0.lowercased() == "host" }) { text += "Host: 127.0.0.1\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        try send(text + "\r\n" + (body ?? ""))
        return try readAnswer(to: method)
    }
}
