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
        ("frame-format", "xml"), ("upstream", "ftp://grafana"), ("upstream", "http://grafana/a//b"),
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
        #expect(error?.message.contains("http-port") == true, "\(error?.message ?? "")")
        let near = #expect(throws: GatewayError.self) { try settings.set("upsteam", ["1"], origin: "f:1") }
        #expect(near?.message.contains("did you mean \"upstream\"?") == true, "\(near?.message ?? "")")
        #expect((near?.message.utf8.count ?? 0) < 250)
    }

    @Test(arguments: [
        ("60", 60), ("60s", 60), ("5m", 300), ("1h30m", 5_400), ("1m 5s", 65), ("1500ms", nil), ("2000ms", 2),
        ("1.5m", 90),
        ("0s", nil), ("s", nil), ("5x", nil), ("-5s", nil), ("5m3", nil), ("", nil), ("9999999999999999999d", nil),
    ])
    func timesTakeUnits(text: String, seconds: Int?) {
        var settings = Settings()
        do throws(GatewayError) {
            try settings.set("plugin-call-timeout", [text], origin: "--plugin-call-timeout")
            #expect(settings.pluginCallTimeout == seconds)
        } catch {
            #expect(seconds == nil, "\(error.message)")
            // The flag is the setting's name: it isn't said twice.
            #expect(error.message.hasPrefix("--plugin-call-timeout: must be "), "\(error.message)")
        }
    }

    @Test func millisecondsTakeUnitsToo() throws {
        var settings = Settings()
        try settings.set("upstream-connect-timeout", ["2s"], origin: "test")
        #expect(settings.upstreamConnectTimeoutMS == 2_000)
        try settings.set("upstream-connect-timeout", ["250"], origin: "test")
        #expect(settings.upstreamConnectTimeoutMS == 250)
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
        let message = settings.listenerFaults.first?.message ?? ""
        #expect(message.hasPrefix("test: bind-address: ") && message.contains(host), "\(message)")
        #expect(message.contains("not a loopback address") == (host != "127.0.0"), "\(message)")
    }

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    func loopbackAddressesAreFine(host: String) throws {
        var settings = Settings()
        try settings.set("bind-address", [host], origin: "test")
        #expect(settings.listenerFaults.isEmpty)
    }
}
