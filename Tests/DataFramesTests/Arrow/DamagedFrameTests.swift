import Bytes
import Testing

@testable import DataFrames

@Suite("Damaged Arrow files")
struct DamagedFrameTests {
    private func file() throws -> [UInt8] {
        try Frame(
            "f", refID: "A",
            fields: [.numbers("v", [1.5, nil, 3]), .strings("s", ["a", "bb", "ccc"], labels: ["k": "v"])]
        ).arrow()
    }

    @Test("A file cut at any byte is refused with a reason")
    func truncation() throws {
        let file = try file()
        for size in 0..<file.count {
            #expect(throws: FrameError.self) { try frameJSON(Array(file[..<size])) }
        }
    }

    @Test("A file with any byte changed gives JSON or a reason")
    func flips() throws {
        let file = try file()
        for place in file.indices {
            for value in [0, 0x7f, 0x80, 0xff] as [UInt8] {
                var damaged = file
                damaged[place] = value
                do throws(FrameError) {
                    let text = try frameJSON(damaged)
                    #expect(text.withUnsafeBytes { JSONValidator.check($0) } != .invalid, "byte \(place) = \(value)")
                } catch {
                    #expect(!error.message.isEmpty)
                }
            }
        }
    }

    @Test("The reason names the field")
    func names() throws {
        var file = try file()
        // The last offset of the string column, 6, occurs behind 0, 1, 3.
        let offsets: [UInt8] = [0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0]
        let start = try #require((0..<(file.count - 16)).first { Array(file[$0..<($0 + 16)]) == offsets })
        file[start + 12] = 200
        #expect(
            throws: FrameError(
                "record batch 0: field 1: its offsets do not rise from 0 to at most 6, the bytes of its data")
        ) { try frameJSON(file) }
    }
}
