import DataPlaneAPI
import Testing

@testable import Gateway

@Suite struct SettingsTests {
    @Test func everyKeyIsKnownToSet() throws {
        // A value that one kind of setting accepts; what matters is that the key is not unknown.
        for key in Settings.keys {
            var settings = Settings()
            do throws(GatewayError) {
                try settings.set(key, ["7"], origin: "test")
            } catch {
                #expect(!error.message.contains("unknown setting"), "\(key): \(error.message)")
                #expect(error.message.contains(key), "the message names the key: \(error.message)")
            }
        }
    }

    @Test(arguments: [
        ("http-port", "65536"), ("http-port", "x"), ("admin-address", "nowhere"), ("log-level", "loud"),
        ("frame-format", "xml"), ("upstream", "https://grafana"), ("upstream", "http://grafana/path"),
        ("upstream", "grafana:3000"), ("plugin-request-limit", "-1"), ("data-dir", ""),
    ])
    func badValuesNameTheKeyAndTheValue(key: String, value: String) {
        var settings = Settings()
        let error = #expect(throws: GatewayError.self) { try settings.set(key, [value], origin: "--\(key)") }
        #expect(error?.message.contains(key) == true)
        #expect(error?.message.contains("\"\(value)\"") == true || value.isEmpty)
    }

    @Test(arguments: [
        ["proxy"], ["=a,b"], ["Proxy=a,b"], ["proxy=a"], ["proxy=a,"], ["proxy=,b"], ["proxy=a,b,c"],
        ["p=a,b", "p=c,d"],
    ])
    func clientCertificatesOfBackendsHaveANameAndTwoFiles(values: [String]) throws {
        var settings = Settings()
        let error = #expect(throws: GatewayError.self) {
            try settings.set("backend-client-certificate", values, origin: "--backend-client-certificate")
        }
        #expect(error?.message.contains("backend-client-certificate") == true)
        try settings.set("backend-client-certificate", ["a.b=/x/c.pem,/x/k.pem", "b=c,d"], origin: "test")
        #expect(settings.backendClientCertificates.map(\.name) == ["a.b", "b"])
        #expect(settings.backendClientCertificates.first?.keyFile == "/x/k.pem")
    }

    @Test func unknownKeysAreRefusedWithTheKnownOnes() {
        var settings = Settings()
        let error = #expect(throws: GatewayError.self) { try settings.set("prot", ["1"], origin: "gateway.yaml:3") }
        #expect(error?.message.hasPrefix("gateway.yaml:3: unknown setting \"prot\"") == true)
        #expect(error?.message.contains("http-port") == true)
    }

    @Test func theHTTPPortCanBeOffAndAny() throws {
        var settings = Settings()
        try settings.set("http-port", ["0"], origin: "test")
        #expect(settings.httpPort == nil)
        try settings.set("http-port", ["any"], origin: "test")
        #expect(settings.httpPort == 0)
        try settings.set("http-port", ["8081"], origin: "test")
        #expect(settings.httpPort == 8081)
    }

    @Test(arguments: ["0.0.0.0", "::", "192.168.1.2", "grafana.example", "127.0.0.1.example", "127.0.0"])
    func onlyLoopbackIsBoundWithoutAuthentication(host: String) throws {
        var settings = Settings()
        try settings.set("bind-address", [host], origin: "test")
        #expect(settings.listenerFaults.count == 1)
        #expect(settings.listenerFaults.first?.message.hasPrefix("bind-address: \(host)") == true)
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    func loopbackAddressesAreFine(host: String) throws {
        var settings = Settings()
        try settings.set("bind-address", [host], origin: "test")
        #expect(settings.listenerFaults.isEmpty)
    }
}
