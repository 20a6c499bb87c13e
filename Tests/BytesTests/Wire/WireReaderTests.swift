import Testing

@testable import Bytes

/// Protobuf fields are read in place.
struct WireReaderTests {
    private func fields(_ bytes: [UInt8]) throws(WireError) -> [String] {
        try bytes.withUnsafeBytes { (raw) -> Result<[String], WireError> in
            var found: [String] = []
            var reader = WireReader(raw)
            do throws(WireError) {
                while let (field, value) = try reader.next() {
                    switch value {
                    case .varint(let number): found.append("\(field)=\(number)")
                    case .range(let range): found.append("\(field)=\(raw.text(range))")
                    case .fixed: found.append("\(field)")
                    }
                }
                return .success(found)
            } catch {
                return .failure(error)
            }
        }.get()
    }

    @Test func `numbers, texts and fixed fields come in order`() throws {
        let message: [UInt8] =
            [0x08, 0x96, 0x01, 0x12, 2, 0x68, 0x69, 0x1D, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0]
            + [0x28] + [UInt8](repeating: 0xFF, count: 9) + [0x01]
        #expect(try fields(message) == ["1=150", "2=hi", "3", "4", "2=", "5=18446744073709551615"])
        #expect(try fields([]) == [])
    }

    @Test(
        arguments: [
            [0x00], [0x08], [0x08, 0x80], [0x08] + [UInt8](repeating: 0xFF, count: 10) + [0x01], [0x0A, 5, 1], [0x0A],
            [0x0B], [0x0C], [0x0D, 1, 2, 3], [0x09, 1, 2, 3, 4, 5, 6, 7], [0x0E],
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0x80, 0x80, 0x80, 0x80, 0x10, 0],
        ] as [[UInt8]])
    func `what is broken is refused`(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try fields(bytes) }
        #expect(WireFields(bytes) == nil)
    }

    @Test func `texts and messages of small messages are found by number, of several the last`() throws {
        let inner: [UInt8] = [0x0A, 1, 0x61, 0x0A, 1, 0x62]
        let message = try #require(WireFields([0x08, 1, 0x12, UInt8(inner.count)] + inner))
        #expect(message.message(2)?.text(1) == "b")
        #expect(message.text(1) == "" && message.message(1) == nil && message.message(2)?.message(1) == nil)
    }
}
