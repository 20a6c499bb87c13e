import NIOCore
import Testing

@testable import HTTPKit

/// Fields as they are written into a head.
struct FieldWriterTests {
    private func written(date: String = "", _ write: (inout FieldWriter) -> Void) -> String {
        var writer = FieldWriter(ByteBuffer(string: "HEAD\r\n"), date: Array(date.utf8))
        write(&writer)
        return String(buffer: writer.out)
    }

    private func answer(_ text: String) throws -> HeaderBlock {
        var parser = ResponseHeadParser(limits: HTTPLimits())
        var buffer = ByteBuffer(string: "HTTP/1.1 200 OK\r\n\(text)\r\n")
        return try #require(try parser.next(&buffer, method: .get)).headers
    }

    @Test func `a value can't add a field`() {
        #expect(
            written {
                $0.add("A", "x\r\nB: y\u{7F}")
                $0.add("C", bytes: Array("\u{1}\t\n".utf8))
                $0.add("D", bytes: Array("z\0".utf8))
            } == "HEAD\r\nA: x  B: y \r\nC:  \t \r\nD: z \r\n")
    }

    @Test(arguments: ["", "A B", "A:", "A\r\nB", "Ä"])
    func `what is no name is left out`(name: String) {
        #expect(written { $0.add(name, bytes: Array("x".utf8)) } == "HEAD\r\n")
        var block = HeaderBlock()
        block.add(name, "x")
        #expect(block.fields.isEmpty && block.storage.isEmpty)
    }

    @Test func `a date is there where the connection has one`() {
        #expect(written { $0.addDate() } == "HEAD\r\n")
        #expect(
            written(date: "Tue, 15 Nov 1994 08:12:31 GMT") { $0.addDate() }.hasSuffix(
                "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"))
    }

    @Test func `fields of a block are copied as they are spelled`() throws {
        let block = try answer("a: 1\r\nB:2\r\nC: 3\r\nd: 4 \r\nE: \r\nF : 6\r\nG: 7\r\nH: 8\r\n")
        #expect(
            written { $0.add(block) }
                == "HEAD\r\na: 1\r\nB: 2\r\nC: 3\r\nd: 4\r\nE: \r\nF: 6\r\nG: 7\r\nH: 8\r\n")
        #expect(
            written { $0.copy(block) { !["a", "C", "G"].contains(block.name($0)) } }
                == "HEAD\r\nB: 2\r\nd: 4\r\nE: \r\nF: 6\r\nH: 8\r\n")
        #expect(written { $0.copy(block) { _ in false } } == "HEAD\r\n")
    }

    @Test func `a line feed alone ends no copied line`() throws {
        let block = try answer("A: 1\nB: 2\nC: 3\r\n")
        #expect(written { $0.add(block) } == "HEAD\r\nA: 1\r\nB: 2\r\nC: 3\r\n")
    }

    @Test func `fields that were added are written behind the others and known`() throws {
        var block = try answer("A: 1\r\nB: 2\r\n")
        block.add("Content-Type", "text/plain\r\nC: 3")
        #expect(block.firstValue(.contentType) == "text/plain  C: 3")
        #expect(written { $0.add(block) } == "HEAD\r\nA: 1\r\nB: 2\r\nContent-Type: text/plain  C: 3\r\n")
        var all: HeaderBlock = ["X": "y"]
        all.add(block)
        #expect(written { $0.add(all) } == "HEAD\r\nX: y\r\nA: 1\r\nB: 2\r\nContent-Type: text/plain  C: 3\r\n")
        let some = all.filter { all.name($0) != "A" }
        #expect(written { $0.add(some) } == "HEAD\r\nX: y\r\nB: 2\r\nContent-Type: text/plain  C: 3\r\n")
    }

    @Test func `whether a known name is there is told without looking for it`() throws {
        var block = try answer("Content-Type: a\r\nX: y\r\nTransfer-Encoding: chunked\r\n")
        #expect(block.mayHave(.contentType) && block.mayHave(.other) && block.mayHave(.transferEncoding))
        #expect(!block.mayHave(.te) && block.first(.te) == nil && !block.has(.te, token: "trailers"))
        block.add("TE", "trailers")
        #expect(block.mayHave(.te) && block.has(.te, token: "trailers"))
        // What was taken out isn't found, though it may be looked for.
        let less = block.filter { $0.known != .contentType }
        #expect(less.first(.contentType) == nil && less.has(.te, token: "trailers"))
        #expect(!HeaderBlock().mayHave(.other))
    }

    @Test func `trailers stand behind the last chunk`() throws {
        var out = ByteBuffer(string: "x")
        out.writeLastChunk(nil)
        out.writeLastChunk([:])
        out.writeLastChunk(["A": "1"])
        #expect(String(buffer: out) == "x0\r\n\r\n0\r\n\r\n0\r\nA: 1\r\n\r\n")
    }
}
