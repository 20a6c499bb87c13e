import Bytes
import Foundation

@testable import DataFrames

/// The recorded frames and answers of the official SDK, where they are at hand: `$GOLDEN_DIR`, else beside the package.
enum Golden {
    static let folder: URL? = {
        let fileManager = FileManager.default
        if let path = ProcessInfo.processInfo.environment["GOLDEN_DIR"] { return URL(fileURLWithPath: path) }
        var root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let folder = root.deletingLastPathComponent().appendingPathComponent("shared/golden")
        return fileManager.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// The files of a subfolder with an extension, by name without it; prints that it skips when there are none.
    static func files(_ subfolder: String, _ ending: String) -> [String: [UInt8]] {
        guard let folder else {
            print("skipped: no golden files; set GOLDEN_DIR to their folder")
            return [:]
        }
        let directory = folder.appendingPathComponent(subfolder)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        var found: [String: [UInt8]] = [:]
        for name in names where name.hasSuffix(ending) {
            let stem = String(name.dropLast(ending.count))
            if ending == ".json" && stem.contains(".") { continue }
            if let data = try? Data(contentsOf: directory.appendingPathComponent(name)) { found[stem] = [UInt8](data) }
        }
        return found
    }
}

/// What a writer wrote, collected from an output.
func collected(
    indents: Bool = false, _ body: (inout JSONOutput) throws(FrameError) -> Void
) throws(FrameError) -> [UInt8] {
    var out = JSONOutput(indents: indents)
    try body(&out)
    out.finish()
    return out.take().withBytes { Array($0) }
}

/// The frame of an Arrow file as JSON.
func frameJSON(_ file: [UInt8], refID: String? = nil) throws(FrameError) -> [UInt8] {
    try collected { (out) throws(FrameError) in
        let result: Result<Void, FrameError> = file.withUnsafeBytes { bytes in
            do throws(FrameError) {
                return .success(try ArrowFrame.writeJSON(bytes, fallbackRefID: refID, into: &out))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}

/// A JSON text with sorted keys and plain numbers, to compare by value.
func canonical(_ text: [UInt8]) throws -> String {
    let tree = try text.withUnsafeBytes { try SmallJSON.parse($0) }
    var writer = ByteWriter()
    tree.write(to: &writer)
    return String(decoding: writer.array(), as: UTF8.self)
}
