import DataPlaneAPI
import Foundation
import Testing

@testable import PluginBridge

/// Which plugins are found in folders, and what is said about the others.
struct PluginScanTests {
    private func folder(_ files: [String: String]) throws -> String {
        let root = NSTemporaryDirectory() + "scan-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        for (name, text) in files {
            let path = "\(root)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        return root
    }

    private func manifest(_ id: String) -> String {
        #"{"id":"\#(id)","type":"datasource","backend":true,"executable":"gpx","info":{"version":"1.0.0"}}"#
    }

    @Test func `plugins are found at any depth, built ones before their sources, each once`() throws {
        let root = try folder([
            "a/plugin.json": manifest("a"), "deep/er/plugin.json": manifest("b"),
            "src/plugin.json": manifest("c-source"),
            "src/dist/plugin.json": manifest("c"), "node_modules/x/plugin.json": manifest("x"),
            ".git/plugin.json": manifest("y"),
            "z/plugin.json": manifest("a"),
        ])
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createSymbolicLink(atPath: "\(root)/a/loop", withDestinationPath: root)
        let scan = PluginScan([root])
        #expect(Set(scan.plugins.keys) == ["a", "b", "c"])
        #expect(scan.faults.count == 1)
        #expect(scan.faults.first?.message.contains("already taken") == true)
        #expect(scan.plugins["a"]?.executable == "\(root)/a/gpx_\(PluginManifest.platform)")
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"id":""}"#, #"{"id":"x"}"#, #"{"id":5,"type":"datasource"}"#,
        #"{"id":"../x","type":"datasource"}"#, #"{"id":"..","type":"datasource"}"#,
        #"{"id":"x","type":"datasource","backend":true}"#,
        #"{"id":"x","type":"datasource","backend":true,"executable":7}"#,
    ])
    func `a bad manifest is a fault that names its file`(text: String) throws {
        let root = try folder(["p/plugin.json": text, "good/plugin.json": manifest("good")])
        defer { try? FileManager.default.removeItem(atPath: root) }
        let scan = PluginScan([root])
        #expect(Set(scan.plugins.keys) == ["good"])
        #expect(scan.faults.first?.message.contains("\(root)/p/plugin.json") == true, "\(scan.faults)")
    }

    @Test func `a folder that isn't there is a fault`() {
        #expect(PluginScan(["/nonexistent/plugins"]).faults.first?.message.contains("/nonexistent/plugins") == true)
    }

    @Test func `a plugin json is read again only when it has changed`() throws {
        let root = try folder(["a/plugin.json": manifest("a"), "b/plugin.json": "{", "c/plugin.json": manifest("c")])
        defer { try? FileManager.default.removeItem(atPath: root) }
        func age(_ name: String, seconds: Double) throws {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -seconds)], ofItemAtPath: "\(root)/\(name)")
        }
        for name in ["a", "b", "c"] { try age("\(name)/plugin.json", seconds: 60) }
        let first = PluginScan([root])
        #expect(first.readCount == 3)
        let second = PluginScan([root], after: first)
        #expect(second.readCount == 0)
        #expect(second.plugins == first.plugins)
        #expect(second.faults.map(\.message) == first.faults.map(\.message) && second.faults.count == 1)

        // The executable is looked at each time, without plugin.json being read.
        let program = "\(root)/a/gpx_\(PluginManifest.platform)"
        try Data("x".utf8).write(to: URL(fileURLWithPath: program))
        let third = PluginScan([root], after: second)
        #expect(third.readCount == 0)
        #expect(third.plugins["a"] != first.plugins["a"] && third.plugins["c"] == first.plugins["c"])

        try Data(manifest("d").utf8).write(to: URL(fileURLWithPath: "\(root)/c/plugin.json"))
        try FileManager.default.removeItem(atPath: "\(root)/b")
        let fourth = PluginScan([root], after: third)
        #expect(fourth.readCount == 1 && Set(fourth.plugins.keys) == ["a", "d"] && fourth.faults.isEmpty)
        // One that was changed a moment before it was read may change again and look the same.
        #expect(PluginScan([root], after: fourth).readCount == 1)
    }
}
