import DataPlaneAPI
import Foundation
import HTTPKit
import Testing

@testable import Gateway

@Suite struct ConfigFileTests {
    private func load(_ text: String) throws -> (settings: Settings, faults: [String]) {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("config-\(UUID()).yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let (settings, faults) = ConfigFile.load(file.path, Settings())
        return (settings, faults.map { $0.message.replacing(file.path, with: "FILE") })
    }

    @Test func settingsAreReadFromYAML() throws {
        let (settings, faults) = try load(
            "http-port: 8181\nplugins-dir: [a, b]\nupstream: http://127.0.0.1:3000\nlog-format: json\n")
        #expect(faults.isEmpty)
        #expect(settings.httpPort == 8181)
        #expect(settings.pluginsDirs == ["a", "b"])
        #expect(settings.upstream?.port == 3000)
        #expect(settings.logFormat == "json")
    }

    @Test func everyFaultIsGivenWithItsLine() throws {
        let (_, faults) = try load("http-prot: 1\nhttp-port: many\nmanifests: {a: b}\n")
        #expect(faults.count == 3)
        #expect(faults[0].hasPrefix("FILE:1: unknown setting \"http-prot\""))
        #expect(faults[1].hasPrefix("FILE:2: http-port"))
        #expect(faults[2].hasPrefix("FILE:3: manifests"))
    }

    @Test(arguments: ["[1, 2]", "just text", "a: [unclosed"])
    func whatIsNoMappingIsAFault(text: String) throws {
        #expect(try load(text).faults.count == 1)
    }

    @Test func aMissingFileIsAFaultThatNamesIt() {
        let (_, faults) = ConfigFile.load("/nonexistent/gateway.yaml", Settings())
        #expect(faults.first?.message.contains("/nonexistent/gateway.yaml") == true)
    }
}
