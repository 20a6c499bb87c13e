import DataPlaneAPI
import Testing

@testable import DataFrames

@Suite("Golden Arrow frames")
struct GoldenFrameTests {
    /// Where this reader does better on purpose: timestamps in other units are converted.
    private let converted = [
        "foreign_07_timestamp_unit_0_s": "1704067200123000",
        "foreign_07_timestamp_unit_1_ms": "1704067200123",
    ]

    @Test("Every frame of the SDK and of pyarrow gives the recorded JSON", arguments: ["sdk", "pyarrow"])
    func matches(folder: String) throws {
        let expected = Golden.files(folder, ".json")
        let unescaped = Golden.files(folder, ".jsoniter.json")
        let files = Golden.files(folder, ".arrow")
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            guard let wanted = expected[name] else { continue }
            if let milliseconds = converted[name] {
                #expect(String(decoding: try frameJSON(file), as: UTF8.self).contains("[[\(milliseconds)]]"), "\(name)")
                continue
            }
            if name == "foreign_04_zstd" {
                // Refused on purpose, with a reason: no plugin compresses its frames.
                #expect(throws: FrameError.self) { try frameJSON(file) }
                continue
            }
            do {
                let got = try frameJSON(file)
                let same = got == wanted || got == unescaped[name]
                if !same { #expect(try canonical(got) == canonical(wanted), "\(name)") }
            } catch {
                Issue.record("\(name): \(error)")
            }
        }
        #expect(Golden.folder == nil || files.count > 10)
    }

    @Test("What the SDK refuses is refused with a reason or decoded sensibly")
    func refusals() {
        let decoded = ["foreign_09_type_date32": "86400000", "foreign_09_type_large_string": "string"]
        let files = Golden.files("sdk", ".arrow")
        for name in Golden.files("sdk", ".error.txt").keys.sorted() {
            guard let file = files[name] else { continue }
            do throws(FrameError) {
                let text = String(decoding: try frameJSON(file), as: UTF8.self)
                #expect(decoded[name] != nil, "\(name) was read: \(text)")
            } catch {
                #expect(decoded[name] == nil && !error.message.isEmpty, "\(name): \(error)")
            }
        }
    }

    @Test("Big integers keep all their digits")
    func bigIntegers() throws {
        guard let file = Golden.files("sdk", ".arrow")["08_big_ints"],
            let wanted = Golden.files("sdk", ".json")["08_big_ints"]
        else { return }
        #expect(try frameJSON(file) == wanted)
    }
}
