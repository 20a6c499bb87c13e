import DataPlaneAPI
import Foundation
import Glibc
import HTTPKit
import Testing

@testable import Gateway
@testable import Origins

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

    @Test func aFewAliasesStandForNoEndOfValues() throws {
        var text = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for (name, before) in zip("bcdefghij", "abcdefghi") {
            text += "\(name): &\(name) [\((0..<9).map { _ in "*\(before)" }.joined(separator: ", "))]\n"
        }
        let faults = try load(text).faults
        #expect(faults.contains { $0.contains("more than 100000 values") }, "\(faults)")
    }

    @Test func manyFaultsComeToAnEnd() throws {
        let faults = try load((0..<5_000).map { "unknown-\($0): 1\n" }.joined()).faults
        #expect(faults.count == 51 && faults.last == "FILE: has more faults; mend these first")
    }

    @Test func faultsShowNothingThatMayBeSecret() throws {
        setenv("CONFIG_TEST_SECRET", "hunter2", 1)
        let (_, faults) = try load(
            """
            upstream: http://admin:${CONFIG_TEST_SECRET}@127.0.0.1:3000
            http-port: ${CONFIG_TEST_SECRET}
            stream-allowed-origins: ["${CONFIG_TEST_SECRET}"]
            """)
        #expect(faults.count == 3)
        for fault in faults {
            #expect(!fault.contains("hunter2") && fault.contains("${CONFIG_TEST_SECRET}"), "\(fault)")
        }
        let error = #expect(throws: GatewayError.self) {
            try Origin(url: "http://admin:hunter2@127.0.0.1:3000", setting: "--upstream")
        }
        #expect(error?.message.contains("hunter2") == false && error?.message.contains("…@127.0.0.1:3000") == true)
    }

    @Test(arguments: ["[1, 2]", "just text", "a: [unclosed"])
    func whatIsNoMappingIsAFault(text: String) throws {
        #expect(try load(text).faults.count == 1)
    }

    @Test func aMissingFileIsAFaultThatNamesIt() {
        let (_, faults) = ConfigFile.load("/nonexistent/gateway.yaml", Settings())
        #expect(faults.first?.message.contains("/nonexistent/gateway.yaml") == true)
    }

    @Test func valuesTakeVariablesOfTheEnvironment() throws {
        setenv("CONFIG_TEST_HOST", "127.0.0.2", 1)
        let (settings, faults) = try load(
            """
            bind-address: ${CONFIG_TEST_HOST}
            plugins-dir: ["/a/${CONFIG_TEST_HOST}", "/b/$${x}", $HOME]
            data-dir: ${CONFIG_TEST_NOTHING}
            runtime-dir: "${CONFIG"
            listeners:
              - {address: "${CONFIG_TEST_HOST}:8443", tls: {}}
            """)
        #expect(settings.bindAddress == "127.0.0.2")
        #expect(settings.pluginsDirs == ["/a/127.0.0.2", "/b/${x}", "$HOME"])
        #expect(settings.listeners.first?.address.host == "127.0.0.2")
        #expect(faults.count == 2)
        #expect(faults.first?.hasPrefix("FILE:3: data-dir: the environment has no variable") == true, "\(faults)")
        #expect(faults.last?.hasPrefix("FILE:4: runtime-dir: a ${ has no end") == true, "\(faults)")
    }

    @Test func listenersOnOnePortAreAFaultWithBothPlaces() throws {
        let (settings, _) = try load("http-port: 8080\nsecure-port: 8080\nadmin-address: localhost:8080\n")
        let faults = settings.listenerFaults.map(\.message)
        #expect(faults.count == 3 && faults.allSatisfy { $0.contains("port 8080") }, "\(faults)")
        #expect(faults.first?.contains(":2: secure-port: ") == true && faults.first?.contains(":1: http-port") == true)
        let (listed, _) = try load(
            "listeners:\n  - {name: a, address: '0.0.0.0:80', tls: {}}\n  - {name: b, address: '127.0.0.1:80', tls: {}}\n"
        )
        #expect(
            listed.listenerFaults.contains { $0.message.contains("listeners: b: port 80") }, "\(listed.listenerFaults)")
        let (fine, _) = try load("http-port: any\nsecure-port: any\nadmin-address: 127.0.0.1:0\n")
        #expect(fine.listenerFaults.isEmpty)
    }

    @Test func anAddressThatCannotBeReadIsNoForeignAddress() throws {
        for text in ["300.1.2.3", "fe80::zz", "a b"] {
            let (settings, _) = try load("bind-address: '\(text)'\n")
            let message = settings.listenerFaults.first?.message ?? ""
            #expect(message.contains(":1: bind-address: ") && message.contains("neither an IP address"), "\(message)")
        }
    }
}
