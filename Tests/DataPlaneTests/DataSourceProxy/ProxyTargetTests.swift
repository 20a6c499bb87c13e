import Access
import Bytes
import DataPlaneAPI
import HTTPKit
import PluginProtocol
import Testing

@testable import DataPlane
@testable import Origins

struct ProxyTargetTests {
    private func source(
        url: String = "http://ds:9090/base/", type: String = "testds", json: JSONValue = [:],
        secrets: [String: String] = [:], _ change: (inout DataSourceInstanceSettings) -> Void = { _ in }
    ) -> ProxySource {
        var settings = DataSourceInstanceSettings()
        settings.uid = "one"
        settings.url = url
        settings.jsonData = json.bytes()
        settings.secureJSONData = secrets
        change(&settings)
        return ProxySource(
            DataSource(orgID: 1, uid: "one", type: type, settings: settings), pluginID: "testds", manifest: nil)
    }

    private func target(
        _ source: ProxySource, _ route: JSONValue? = nil, limits: ServiceLimits = ServiceLimits()
    ) throws -> ProxyTarget {
        try ProxyTarget(source, route: route.map(PluginRoute.init), limits: limits, userAgent: "Grafana/1.2.3")
    }

    private func path(_ target: ProxyTarget, _ rest: String, query: String = "") throws -> String {
        let path = try ProxyPath(CanonicalPath("/a/b/c/d/e/f/g/proxy" + rest), from: 8)
        let bytes = try Array(query.utf8).withUnsafeBytes { try target.target(path, query: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func pathAndQueryAreKept() throws {
        let made = try target(source())
        #expect(try path(made, "/api/v1/q%20x/", query: "a=b&c=%2F") == "/base/api/v1/q%20x/?a=b&c=%2F")
        #expect(try path(made, "") == "/base/")
        #expect(made.origin == Origin(host: "ds", port: 9090))
        #expect(made.rules.responseSeconds == 30)
        #expect(String(decoding: made.rules.host ?? [], as: UTF8.self) == "ds:9090")
        #expect(String(decoding: made.rules.fields.storage, as: UTF8.self) == "User-Agent: Grafana/1.2.3\r\n")
    }

    @Test func customHeadersEndAtTheFirstGap() throws {
        let made = try target(
            source(
                json: [
                    "httpHeaderName1": "X-Scope-OrgID", "httpHeaderName2": "Authorization", "httpHeaderName3": "X-None",
                    "httpHeaderName5": "X-Five",
                ],
                secrets: ["httpHeaderValue1": "t1", "httpHeaderValue2": " Bearer abc ", "httpHeaderValue5": "5"]))
        #expect(
            String(decoding: made.rules.fields.storage, as: UTF8.self)
                == "User-Agent: Grafana/1.2.3\r\nX-Scope-OrgID: t1\r\nAuthorization: Bearer abc\r\n")
        #expect(made.fixesAuthorization)
        #expect(made.rules.replaced.contains(Array("x-scope-orgid".utf8)))
    }

    @Test func aCustomHostReplacesTheDataSources() throws {
        let made = try target(source(json: ["httpHeaderName1": "Host"], secrets: ["httpHeaderValue1": "other.example"]))
        #expect(String(decoding: made.rules.host ?? [], as: UTF8.self) == "other.example")
        #expect(String(decoding: made.rules.fields.storage, as: UTF8.self) == "User-Agent: Grafana/1.2.3\r\n")
    }

    @Test(arguments: [
        ("X-A", "v\r\nX-B: c"), ("X A", "v"), ("Transfer-Encoding", "chunked"), ("content-length", "1"),
        ("Connection", "close"), ("X\r\nY", "v"), ("X-A", "v\u{0}"),
    ])
    func headersThatWouldBreakTheRequestAreRefused(_ name: String, _ value: String) {
        let error = #expect(throws: GatewayError.self) {
            try target(source(json: ["httpHeaderName1": .string(name)], secrets: ["httpHeaderValue1": value]))
        }
        #expect(error?.message.contains("X-B") == false)
    }

    @Test func basicAuthenticationIsTheDataSources() throws {
        let basic = try target(
            source(secrets: ["basicAuthPassword": "p:w"]) {
                $0.basicAuthEnabled = true
                $0.basicAuthUser = "me"
            })
        #expect(basic.authorization == Array("Basic \(Base64.encode("me:p:w".utf8))".utf8))
        let influx = try target(source(type: "influxdb", secrets: ["password": "x"]) { $0.user = "u" })
        #expect(influx.authorization == Array("Basic \(Base64.encode("u:x".utf8))".utf8))
        #expect(try target(source(secrets: ["password": "x"]) { $0.user = "u" }).authorization == nil)
    }

    @Test func tlsIsTakenFromJSONDataAndSecrets() throws {
        let made = try target(
            source(
                url: "https://ds",
                json: ["tlsAuth": true, "tlsAuthWithCACert": true, "serverName": "inner", "timeout": "7"],
                secrets: ["tlsCACert": "ca", "tlsClientCert": "cert", "tlsClientKey": "key"]))
        var tls = TLSClientSettings()
        tls.authorities = Array("ca".utf8)
        tls.certificateChain = Array("cert".utf8)
        tls.privateKey = Array("key".utf8)
        tls.serverName = "inner"
        #expect(made.origin.tls == tls)
        #expect(made.rules.responseSeconds == 7)
        #expect(try target(source(url: "https://ds", json: ["tlsSkipVerify": true])).origin.tls?.verifies == false)
        let error = #expect(throws: GatewayError.self) {
            try target(source(url: "https://ds", json: ["tlsAuth": true]))
        }
        #expect(error?.message == "Unable to load TLS certificate: secureJsonData.tlsClientCert is missing")
    }

    @Test func aRouteReplacesURLAndAddsFieldsAndParameters() throws {
        let route: JSONValue = [
            "path": "cloud", "url": "https://{{ .JsonData.region }}.example.com/v2/",
            "headers": [["name": "Authorization", "content": "Bearer {{ .SecureJsonData.token }}"]],
            "urlParams": [["name": "k y", "content": "{{ .JsonData.region }}&x"]],
        ]
        let made = try target(source(json: ["region": "eu"], secrets: ["token": "t"]), route)
        #expect(made.origin == Origin(host: "eu.example.com", port: 443, tls: TLSClientSettings()))
        #expect(try path(made, "/cloud/items", query: "q=1") == "/v2/items?q=1&k%20y=eu%26x")
        #expect(try path(made, "/cloud") == "/v2/?k%20y=eu%26x")
        #expect(String(decoding: made.rules.fields.storage, as: UTF8.self).contains("Authorization: Bearer t\r\n"))
        let noURL = try target(source(), ["path": "api"])
        #expect(try path(noURL, "/api/x") == "/base/api/x")
    }

    private func appTarget(
        _ route: JSONValue, _ rest: String, query: String = "", keepsSlash: Bool = false
    ) throws -> String {
        var grafana = GrafanaProxySettings()
        grafana.keepsTrailingSlash = keepsSlash
        let app = ProxySource(app: nil, orgID: 1, pluginID: "my-app", manifest: nil)
        let made = try ProxyTarget(
            app, route: PluginRoute(route), limits: ServiceLimits(), userAgent: "Grafana/1", grafana: grafana)
        return try path(made, rest, query: query)
    }

    @Test(arguments: [
        ("some-api", "http://h/api", "/some-api", "/api"), ("some-api/*", "http://h/api", "/some-api/a/b", "/api/a/b"),
        ("some-api/*", "http://h/api/", "/some-api/a", "/api/a"),
        ("some-api/*", "http://h", "/some-api//a//b/", "/a/b"),
        ("*", "http://h/api", "", "/api"), ("*", "http://h", "/", "/"), ("*", "http://h/api", "/x", "/api/x"),
        ("users/:id", "http://h/u/", "/users/7", "/u/"), ("users/:id/*", "http://h/u", "/users/7/x", "/u/x"),
        ("some-api/*", "http://h/api", "/some-api/a%2Fb%20c/d", "/api/a%2Fb%20c/d"),
        ("%61/*", "http://h/:id", "/%2561/x", "/:id/x"), ("some-api/*.*", "http://h/f", "/some-api/a.b", "/f"),
    ])
    func `The rest of an app's path is joined as Grafana joins it`(
        _ pattern: String, _ url: String, _ rest: String, _ expected: String
    ) throws {
        let route: JSONValue = ["path": .string(pattern), "url": .string(url)]
        #expect(try appTarget(route, rest) == expected)
        #expect(try appTarget(route, rest, query: "a=%2F") == "\(expected)?a=%2F")
    }

    @Test func `A slash at the end passes where Grafana's toggle is on`() throws {
        let route: JSONValue = ["path": "some-api/*", "url": "http://h/api"]
        #expect(try appTarget(route, "/some-api/a/") == "/api/a")
        #expect(try appTarget(route, "/some-api/a/", keepsSlash: true) == "/api/a/")
        #expect(try appTarget(["path": "a", "url": "http://h/api"], "/a/", keepsSlash: true) == "/api")
        for text in ["enable = a pluginProxyPreserveTrailingSlash", "pluginProxyPreserveTrailingSlash = true"] {
            let folder = try TemporaryFolder()
            let ini = try folder.write("grafana.ini", "[feature_toggles]\n\(text)\n")
            #expect(GrafanaConfig.load(ini, environment: [:]).proxy.keepsTrailingSlash)
        }
    }

    @Test func grafanasMethodRulesHold() throws {
        func refusal(_ type: String, _ method: String, _ rest: String) throws -> ErrorCode? {
            let path = try ProxyPath(CanonicalPath("/a/b/c/d/e/f/g/proxy" + rest), from: 8)
            do {
                _ = try source(type: type).route(path, method: method, role: .viewer)
                return nil
            } catch { return error.code }
        }
        for method in ["POST", "PUT", "DELETE"] {
            #expect(try refusal("prometheus", method, "/api/v1/query") == .forbidden)
            #expect(try refusal("testds", method, "/x") == nil)
        }
        #expect(try refusal("prometheus", "GET", "/api/v1/query") == nil)
        #expect(try refusal("elasticsearch", "POST", "/_msearch") == nil)
        #expect(try refusal("elasticsearch", "POST", "//_msearch") == nil)
        #expect(try refusal("elasticsearch", "POST", "/index/_doc") == .forbidden)
        #expect(try refusal("elasticsearch", "DELETE", "/index") == .forbidden)
        #expect(try refusal("elasticsearch", "GET", "/index") == nil)
    }
}
