import NIOCore
import Testing

@testable import HTTPKit

/// What `Connection` declares to be of one hop only.
struct ConnectionOptionsTests {
    private func headers(_ fields: String) throws -> HeaderBlock {
        var parser = RequestHeadParser(limits: HTTPLimits())
        var bytes = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        return try #require(try parser.next(&bytes)).headers
    }

    private func passing(_ fields: String) throws -> [String] {
        let headers = try headers(fields)
        let options = ConnectionOptions(headers)
        return headers.fields.filter { $0.known != .connection && !options.contains(headers, $0) }.map(headers.name)
    }

    @Test func `what it names doesn't pass, whatever the case`() throws {
        #expect(
            try passing("Connection: x-a ,\tX-B,, close\r\nX-A: 1\r\nX-C: 1\r\nx-b: 1\r\nConnection: x-d\r\nX-D: 1\r\n")
                == ["Host", "X-C"])
    }

    @Test func `a name with a blank or an underscore is another name`() throws {
        #expect(
            try passing("Connection: x-a x-b, x_c\r\nX-A: 1\r\nX-B: 1\r\nX-C: 1\r\n") == ["Host", "X-A", "X-B", "X-C"])
    }

    @Test func `who asks for what, and what the content is, can't be named away`() throws {
        let names = ["Host", "Authorization", "Cookie", "Content-Type", "Content-Encoding", "Origin"]
        let fields = names.dropFirst().map { "\($0): 1\r\n" }.joined()
        #expect(try passing("Connection: \(names.joined(separator: ","))\r\n\(fields)") == names)
    }

    @Test func `lines that came another way are read alike`() {
        let options = ConnectionOptions([Array("X-Hop, close".utf8), Array("content-type".utf8)])
        func names(_ name: String) -> Bool { Array(name.utf8).withUnsafeBytes { options.contains($0) } }
        #expect(names("x-hop") && !names("close") && !names("Content-Type") && !names("X-Ho"))
    }
}
