import DataPlaneAPI
import Testing

@testable import DataPlane
@testable import Origins

/// What grafana.ini says about the data source proxy.
struct GrafanaProxySettingsTests {
    private func read(_ ini: String, _ environment: [String: String] = [:]) throws -> (GrafanaProxySettings, [String]) {
        let folder = try TemporaryFolder()
        let config = GrafanaConfig.load(try folder.write("grafana.ini", ini), environment: environment)
        return (config.proxy, config.faults.map(\.message))
    }

    @Test func `nothing said is Grafana's default`() throws {
        let (settings, faults) = try read("")
        #expect(settings == GrafanaProxySettings() && faults.isEmpty)
        #expect(settings.timeout == 30 && !settings.sendsUser && settings.responseLimit == nil)
        for url in ["http://a", "https://169.254.169.254"] { try settings.check(try DataSourceURL(url)) }
    }

    @Test func `the file and the environment are read`() throws {
        let (settings, faults) = try read(
            "[dataproxy]\ntimeout = 7\nsend_user_header = true\nresponse_limit = 1000\n",
            ["GF_DATAPROXY_TIMEOUT": "9"])
        #expect(settings.timeout == 9 && settings.sendsUser && settings.responseLimit == 1000, "\(faults)")
        #expect(try read("[dataproxy]\ntimeout = 0\nresponse_limit = 0\n").0.responseLimit == nil)
        #expect(try read("[dataproxy]\ntimeout = 99999999999\n").0.timeout == 86_400)
        let (wrong, why) = try read("[dataproxy]\ntimeout = soon\n")
        #expect(wrong.timeout == 30 && why.first?.contains("timeout") == true)
    }

    @Test(arguments: [
        ("prom:9090", "http://prom:9090/x", true), ("prom:9090", "https://PROM:9090", true),
        ("prom:9090", "http://prom", false), ("prom:9090", "http://prom:9091", false), ("prom", "http://prom", true),
        ("prom", "http://prom:80", true), ("prom", "https://prom", true), ("prom", "http://prom:9090", false),
        ("prom:80", "http://prom", true), ("prom:80", "https://prom", false), ("a b:1 prom:9090", "http://b:1", true),
        ("a,prom:9090", "http://prom:9090", true), ("[::1]:9090", "http://[::1]:9090", true),
        ("[::1]", "http://[::1]", true), ("[::1]", "http://[::1]:9090", false), ("prom", "http://xprom", false),
        ("prom", "http://prom.evil", false), ("http://prom:9090", "http://prom:9090", false),
        ("@@@", "http://prom", false),
    ])
    func `only what is listed may be asked`(list: String, url: String, allowed: Bool) throws {
        let (settings, _) = try read("[security]\ndata_source_proxy_whitelist = \(list)\n")
        let url = try DataSourceURL(url)
        if allowed { return try settings.check(url) }
        let error = #expect(throws: GatewayError.self) { try settings.check(url) }
        #expect(error?.code == .forbidden)
        #expect(error?.message.hasPrefix("Data proxy hostname and ip are not included in whitelist") == true)
    }

    @Test func `the smaller limit of answers counts and is named`() throws {
        let (settings, _) = try read("[dataproxy]\nresponse_limit = 1000\n")
        #expect(settings.answerLimit(ServiceLimits()) == (1000, "response_limit of grafana.ini"))
        #expect(settings.answerLimit(ServiceLimits(maxResponseBytes: 10)) == (10, "limits.maxResponseBytes"))
        #expect(settings.answerLimit(ServiceLimits(maxResponseBytes: 5000)) == (1000, "response_limit of grafana.ini"))
        #expect(GrafanaProxySettings().answerLimit(ServiceLimits(maxResponseBytes: 10)).bytes == 10)
    }
}
