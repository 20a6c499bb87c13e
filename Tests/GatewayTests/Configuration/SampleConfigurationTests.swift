import DataPlaneAPI
import Foundation
import Testing

@testable import Gateway

/// The sample of the configuration file: every setting is in it, and every line of it can be used.
struct SampleConfigurationTests {
    private static let root = #filePath.components(separatedBy: "/").dropLast(4).joined(separator: "/")

    /// The sample with the `#` in front of settings taken away, those with a value that starts with it.
    private func uncommented() throws -> String {
        let text = try String(contentsOfFile: "\(Self.root)/examples/gateway.yaml", encoding: .utf8)
        return text.components(separatedBy: "\n").map { line in
            let body = line.dropFirst(2)
            guard line.hasPrefix("# "), let colon = body.firstIndex(of: ":") else { return line }
            let name = body[..<colon]
            let isSetting = !name.isEmpty && name.allSatisfy { $0.isLowercase || $0 == "-" } || body.hasPrefix("  - {")
            return isSetting ? String(body) : line
        }.joined(separator: "\n")
    }

    @Test func `the sample holds every setting, and nothing that is none`() throws {
        let path = NSTemporaryDirectory() + "sample-\(UUID().uuidString).yaml"
        try Data(uncommented().utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (settings, faults) = ConfigFile.load(path, Settings())
        #expect(faults.map(\.message) == [])
        let missing = Settings.keys.filter { settings.origins[$0] == nil }
        #expect(missing == [], "put these into examples/gateway.yaml, with their defaults")
        #expect(settings.listeners.map(\.name) == ["public", "ops"])
    }

    @Test func `as it stands it changes nothing`() {
        let (settings, faults) = ConfigFile.load("\(Self.root)/examples/gateway.yaml", Settings())
        #expect(faults.isEmpty && settings.origins.isEmpty)
    }
}
