import Bytes
import RPC
import Testing

@testable import PluginProtocol

/// Reading the messages of a resource answer over the slices they come in.
struct CallResourcePieceTests {
    @Test func `a resource answer is read in any order of its fields`() throws {
        let headers = [PluginHeader(name: "X-A", values: [[1], [2]]), PluginHeader("Y", "z")]
        let whole = CallResourceFields.payload(code: 201, headers: headers, body: [7, 8, 9]).asMessage()
        let odd = WireWriter.payload { writer in
            writer.bytes(3, [7, 8, 9])
            writer.bytes(99, [0, 0])
            writer.map(2, headers)
            writer.int(1, 201)
        }.asMessage()
        for message in [whole, odd] {
            let piece = try CallResourcePiece(message, headLimit: 100)
            var body = piece.body
            #expect(piece.code == 201 && piece.headers == headers && piece.bodySize == 3)
            #expect(body.bytes(piece.bodySize) == [7, 8, 9])
            #expect(throws: WireError.self) { _ = try CallResourcePiece(message, headLimit: 10) }
        }
    }

    @Test func `cut and spoilt messages are errors`() throws {
        let headers = [PluginHeader(name: "X-A", values: [[1], [2]])]
        let good = CallResourceFields.payload(code: 201, headers: headers, body: [7, 8, 9]).asMessage().bytes
        for count in 0..<good.count {
            // Cut between two fields it is a message still.
            _ = try? CallResourcePiece(GRPCPayload(Array(good[..<count])).asMessage(), headLimit: 100)
        }
        for bad: [UInt8] in [
            [0x00], [0x1A, 5, 1], [0x1A, 0xFF], [0x0B], [0x09, 1], [UInt8](repeating: 0xFF, count: 11),
        ] {
            #expect(throws: WireError.self, "\(bad)") {
                _ = try CallResourcePiece(GRPCPayload(bad).asMessage(), headLimit: 100)
            }
        }
    }
}
