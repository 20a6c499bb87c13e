import Access
import DataPlaneAPI
import Foundation
import HTTPKit
import Testing

@testable import Gateway

/// Listeners come from the port settings or from a list, and only loopback is bound before users can sign in.
struct ListenerSettingsTests {
    private static func settings(_ pairs: [String: String], yaml: String? = nil) throws -> Settings {
        var settings = Settings()
        if let yaml {
            let path = NSTemporaryDirectory() + "listeners-\(UUID().uuidString).yaml"
            try Data(yaml.utf8).write(to: URL(fileURLWithPath: path))
            defer { try? FileManager.default.removeItem(atPath: path) }
            try ConfigFile.apply(path, to: &settings)
        }
        for (key, value) in pairs { try settings.set(key, [value], origin: "--\(key)") }
        return settings
    }

    private static func faults(_ pairs: [String: String], yaml: String? = nil) throws -> String {
        try settings(pairs, yaml: yaml).listenerFaults.map(\.message).joined(separator: "\n")
    }

    @Test func `by default both ports and the admin listener are on loopback`() throws {
        let all = try Self.settings([:]).effectiveListeners
        #expect(all.map(\.name) == ["http-port", "secure-port", "admin-address"])
        #expect(all.allSatisfy { $0.address.host == "127.0.0.1" })
        #expect(all.map { $0.tls != nil } == [false, true, false])
        #expect(try Self.faults([:]) == "")
    }

    @Test func `another address needs authentication, and plain HTTP there needs to be listed`() throws {
        #expect(try Self.faults(["bind-address": "0.0.0.0"]).contains("no authentication is configured"))
        let plain = try Self.faults(["bind-address": "0.0.0.0", "token-auth-file": "t"])
        #expect(plain.contains("http-port") && plain.contains("in the clear"))
        #expect(try Self.faults(["bind-address": "0.0.0.0", "token-auth-file": "t", "http-port": "0"]) == "")
        let listed = "listeners:\n  - {name: inside, address: '0.0.0.0:8080'}\n"
        #expect(try Self.faults(["token-auth-file": "t"], yaml: listed) == "")
        #expect(try Self.faults([:], yaml: listed).contains("inside"))
    }

    @Test func `an admin listener elsewhere needs TLS`() throws {
        #expect(try Self.faults(["admin-address": "0.0.0.0:9903", "token-auth-file": "t"]).contains("admin"))
        let listed = "listeners:\n  - {address: '0.0.0.0:9903', purpose: admin, tls: {}}\n"
        let settings = try Self.settings(["token-auth-file": "t"], yaml: listed)
        #expect(settings.listenerFaults.isEmpty)
        #expect(settings.effectiveListeners.map(\.purpose) == [.admin, .data, .data])
    }

    @Test func `a list takes the place of the ports`() throws {
        let yaml = """
            listeners:
              - name: public
                address: "[::1]:443"
                tls:
                  certFile: c.pem
                  keyFile: k.pem
              - address: 127.0.0.1:0
            """
        let all = try Self.settings([:], yaml: yaml).effectiveListeners
        #expect(all.map(\.name) == ["public", "listener-1", "admin-address"])
        #expect(all[0].address == ListenAddress(host: "::1", port: 443))
        #expect(all[0].tls?.keyFile == "k.pem")
        #expect(try Self.faults(["http-port": "80"], yaml: yaml).contains("http-port"))
    }

    @Test(arguments: [
        ("listeners: 1", "must be a list"), ("listeners: [1]", "must be a mapping"),
        ("listeners: [{address: x}]", "HOST:PORT"), ("listeners: [{name: a}]", "address"),
        ("listeners: [{address: '127.0.0.1:1', port: 1}]", "unknown field"),
        ("listeners: [{address: '127.0.0.1:1', purpose: x}]", "data or admin"),
        ("listeners: [{name: a, address: '127.0.0.1:1'}, {name: a, address: '127.0.0.1:2'}]", "twice"),
        ("listeners: [{address: '127.0.0.1:1', tls: {cert: x}}]", "certFile, keyFile"),
    ])
    func `a wrong list is explained`(yaml: String, expected: String) {
        let error = #expect(throws: GatewayError.self) { try Self.settings([:], yaml: yaml) }
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
    }

    @Test func `a certificate needs its key, and header names are checked`() throws {
        #expect(try Self.faults(["tls-cert-file": "c"]).contains("give both"))
        #expect(throws: GatewayError.self) { try Self.settings(["requestheader-username-headers": "Authorization"]) }
        #expect(throws: GatewayError.self) { try Self.settings(["secure-port": "70000"]) }
        let settings = try Self.settings(["requestheader-group-headers": "X-Group,X-Team"])
        #expect(settings.requestHeaderNames.group == ["X-Group", "X-Team"])
    }
}
