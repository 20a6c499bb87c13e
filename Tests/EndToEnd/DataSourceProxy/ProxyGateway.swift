import Foundation

/// Gateways with data sources of plugins that have no process: the data source proxy needs none.
enum ProxyGateway {
    static let root = "/apis/proxy.example.com/v1/namespaces/default/datasources"

    /// A plugin.json without a backend.
    static func plugin(_ id: String, routes: String = "[]") -> (TemporaryFolder) throws -> Void {
        { folder in
            try folder.write(
                "plugins/\(id)/plugin.json",
                #"{"id": "\#(id)", "type": "datasource", "name": "\#(id)", "info": {}, "routes": \#(routes)}"#)
        }
    }

    /// A gateway with data sources of one plugin.
    static func make(
        _ sources: [Gateway.Source], pluginID: String = "proxyds", routes: String = "[]", flags: [String] = [],
        environment: [String: String] = [:]
    ) throws -> Gateway {
        try Gateway(
            plugins: plugin(pluginID, routes: routes),
            services: [.init(group: "proxy.example.com", pluginID: pluginID, type: "datasource-proxy")],
            sources: sources.map { source in
                var source = source
                source.type = pluginID
                return source
            }, flags: flags, environment: environment)
    }

    /// A gateway that tests which change nothing share.
    static let shared = Result {
        let upstream = "http://127.0.0.1:\(try Shared.upstream.get().port)"
        return try make(
            [
                .init(uid: "bare", url: upstream),
                .init(
                    uid: "full",
                    more: """
                            basicAuth: true
                            basicAuthUser: me
                            jsonData:
                              keepCookies: [sid]
                              httpHeaderName1: X-Scope-OrgID
                            secureJsonData:
                              basicAuthPassword: secret
                              httpHeaderValue1: tenant

                        """, url: "\(upstream)/base/"),
                .init(uid: "hurried", more: "    jsonData:\n      timeout: 1\n", url: upstream),
                .init(uid: "dead"), .init(uid: "proxy", url: upstream),
                .init(uid: "lost", url: "http://no-such-host.invalid"),
                .init(uid: "metadata", url: "http://169.254.169.254/latest"),
                .init(uid: "mapped", url: "http://[::ffff:169.254.169.254]"),
                .init(uid: "decimal", url: "http://2852039166"), .init(uid: "zero", url: "http://0.0.0.0:80"),
                .init(uid: "bad", url: "ftp://x"),
                .init(
                    uid: "tenants",
                    more: "    jsonData:\n      region: eu\n    secureJsonData:\n      token: s3cret\n", url: upstream),
            ],
            routes: #"""
                [{"path": "cloud", "method": "GET", "url": "\#(upstream)/{{ .JsonData.region }}/v2",
                  "headers": [{"name": "Authorization", "content": "Bearer {{ .SecureJsonData.token }}"}],
                  "urlParams": [{"name": "k", "content": "{{ .JsonData.region }}"}]},
                 {"path": "ambient", "url": "http://127.0.0.1:1", "authType": "gce"}]
                """#)
    }
}
