import Foundation
import Testing

/// `check` finds what `serve` would stumble over, each with file, line and the setting's name.
@Suite(.timeLimit(.minutes(2)))
struct CheckTests {
    private static func manifest(_ name: String, plugin: String = "there", more: String = "") -> String {
        """
        apiVersion: aggregation.grafana.app/v0alpha1
        kind: DataPlaneService
        metadata:
          name: \(name)
        spec:
          pluginID: \(plugin)
          pluginType: datasource
          group: acme.example.com
          version: v1
        \(more)  services:
            - type: query

        """
    }

    private static func plugin(_ id: String, in folder: TemporaryFolder, mode: Int?) throws {
        try folder.write(
            "plugins/\(id)/plugin.json",
            #"{"id":"\#(id)","type":"datasource","name":"x","backend":true,"executable":"gpx"}"#)
        guard let mode else { return }
        #if arch(x86_64)
        let path = try folder.write("plugins/\(id)/gpx_linux_amd64", "#!/bin/sh\n")
        #else
        let path = try folder.write("plugins/\(id)/gpx_linux_arm64", "#!/bin/sh\n")
        #endif
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func `a whole configuration in order is in order`() throws {
        let folder = try TemporaryFolder()
        try Self.plugin("there", in: folder, mode: 0o755)
        try folder.write("manifests/a.yaml", Self.manifest("a"))
        try folder.write(
            "provisioning/datasources/a.yaml",
            "apiVersion: 1\ndatasources:\n  - {name: a, uid: a, type: there, url: 'http://127.0.0.1:1'}\n")
        let config = try folder.write(
            "gateway.yaml",
            """
            plugins-dir: ${CHECK_FOLDER}/plugins
            provisioning: ${CHECK_FOLDER}/provisioning
            manifests: ${CHECK_FOLDER}/manifests
            plugin-call-timeout: 90s
            """)
        let output = try GatewayCommand.run(["check", "--config", config], environment: ["CHECK_FOLDER": folder.path])
        #expect(output.status == 0 && output.lines == ["everything is in order"], "\(output.out)\(output.error)")
    }

    @Test func `every fault is told once, with its place`() throws {
        let folder = try TemporaryFolder()
        try Self.plugin("there", in: folder, mode: 0o644)
        try Self.plugin("unbuilt", in: folder, mode: nil)
        try folder.write("manifests/a.yaml", Self.manifest("first") + "---\n" + Self.manifest("second"))
        try folder.write(
            "manifests/b.yaml", Self.manifest("third", plugin: "nowhere").replacingOccurrences(of: "acme", with: "b"))
        try folder.write(
            "manifests/c.yaml",
            Self.manifest("fourth", more: "  backend: {fallback: upstream}\n").replacingOccurrences(
                of: "acme", with: "c"))
        let path = folder.path
        let config = try folder.write(
            "gateway.yaml",
            """
            http-port: 9000
            secure-port: 9000
            plugins-dir: [\(path)/plugins, \(path)/no-plugins]
            provisioning: \(path)/no-provisioning
            grafana-config: \(path)/no.ini
            manifests: \(path)/manifests
            token-auth-file: \(path)/no-tokens
            client-ca-file: \(path)/no-ca
            upsteam: http://127.0.0.1:3000
            """)
        let output = try GatewayCommand.run(["check", "--config", config])
        #expect(output.status == 1)
        for expected in [
            "\(config):9: unknown setting \"upsteam\"; did you mean \"upstream\"?",
            "\(config):2: secure-port: port 9000 is that of \(config):1: http-port already",
            "\(config):3: plugins-dir: \(path)/no-plugins: there is no such folder",
            "\(config):4: provisioning: \(path)/no-provisioning: there is no such folder",
            "\(config):5: grafana-config: \(path)/no.ini: there is no such file",
            "\(config):7: token-auth-file: \(path)/no-tokens: can't be read",
            "\(config):8: client-ca-file: \(path)/no-ca: can't be read",
            "may not be executed; chmod +x it", "there is no such file; build the plugin for this platform",
            "\(path)/manifests/a.yaml:13: spec.services: second claims query of acme.example.com/v1, and so does first "
                + "(\(path)/manifests/a.yaml:1)",
            "\(path)/manifests/b.yaml:1: spec.pluginID: no plugin \"nowhere\" is in a folder of plugins-dir",
            "\(path)/manifests/c.yaml:1: spec.backend: needs the upstream",
            "warning: \(path)/manifests/a.yaml:1: spec.pluginID: no data source of type there is provisioned",
        ] {
            #expect(output.lines.filter { $0.contains(expected) }.count == 1, "\(expected)\n\(output.out)")
        }
        #expect(Set(output.lines).count == output.lines.count)
    }

    @Test func `help is grouped, and explain has only its own`() throws {
        let serve = try GatewayCommand.run(["serve", "--help"]).out
        for title in ["LISTENERS:", "WHO MAY SIGN IN:", "PLUGINS:", "STREAMS:", "LOGS:"] {
            #expect(serve.uppercased().contains(title), "\(title)\n\(serve)")
        }
        let explain = try GatewayCommand.run(["explain", "--help"]).out
        #expect(explain.contains("--offline") && explain.contains("--admin-address"))
        #expect(!explain.contains("--stream") && !explain.contains("--tls-cert-file"), "\(explain)")
    }

    @Test func `a wrong flag is said once`() throws {
        let output = try GatewayCommand.run(["serve", "--http-port", "many"])
        #expect(output.status != 0)
        #expect(output.error.contains("Error: --http-port: must be a port"), "\(output.error)")
        #expect(output.error.components(separatedBy: "http-port").count == 2, "\(output.error)")
    }
}

/// `explain` and `/datasources` ask the running gateway.
@Suite(.timeLimit(.minutes(2)))
struct ExplainTests {
    @Test func `explain asks the admin listener that the configuration names, also over TLS`() throws {
        let port = try FreePort.take()
        let folder = try TemporaryFolder()
        let data = "\(folder.path)/data"
        let tokens = try folder.write("tokens.csv", "secret-token-of-a-user,bob,1\n")
        let config = try folder.write(
            "gateway.yaml",
            "http-port: any\nsecure-port: any\ndata-dir: \(data)\ntoken-auth-file: \(tokens)\nlisteners:\n  - {name: ops, address: '127.0.0.1:\(port)', purpose: admin, tls: {}}\n"
        )
        let gateway = try ChildProcess(Programs.gateway(), ["serve", "--config", config])
        defer { gateway.end() }
        #expect(gateway.stdout.wait(containing: "ready ") != nil, "\(gateway.stderr.tail())")
        let output = try GatewayCommand.run(["explain", "GET", "/version", "--config", config])
        #expect(output.status == 0 && output.out.contains("API server of the gateway"), "\(output.error)")
        let copy = try GatewayCommand.run(["backup", "\(folder.path)/copy.db", "--config", config])
        #expect(copy.status == 0, "\(copy.error)")
    }

    /// What `explain` says is what a request gets: each is asked for and sent.
    @Test(arguments: [
        ("GET", "/apis/test.example.com", "APIServerHandler", 200),
        ("GET", "/apis/test.example.com/v1", "APIServerHandler", 200),
        ("GET", "/apis/test.example.com/v9", "nothing is there: 404", 404),
        ("GET", "/apis/other.example.com", "nothing is there: 404", 404),
        ("GET", "/livez/ping", "the check ping of livez", 200),
        ("GET", "/livez/a/b", "delegate  none", 404), ("GET", "/api/v1/namespaces/default", "delegate  none", 404),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "SelfReviewHandler", 400),
        ("GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews", "405", 405),
        ("GET", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/x", "the object x of dataplaneservices", 404),
        ("GET", "/%61pis/x", "refused with 400", 400), ("GET", "/x", "delegate  none", 404),
        ("POST", "/apis/test.example.com/v1/namespaces/default/datasources/none/query", "none is not configured", 404),
        ("GET", "/apis/test.example.com/v1/namespaces/default/datasources/none/query", "none is not configured", 404),
        ("GET", "/apis/test.example.com/v1/namespaces/default/datasources/there/query", "405", 405),
    ])
    func `explain says who answers, and that is who answers`(method: String, path: String, text: String, status: Int)
        throws
    {
        let gateway = try Self.shared.get()
        let explained = try gateway.admin("/explain?method=\(method)&path=\(path.replacing("%", with: "%25"))").text
        #expect(explained.contains(text), "\(explained)")
        let offline = try GatewayCommand.run([
            "explain", method, path, "--offline", "--manifests", "\(gateway.folder.path)/manifests", "--provisioning",
            "\(gateway.folder.path)/provisioning",
        ])
        #expect(offline.out.contains(text), "\(offline.out) \(offline.error)")
        #expect(try gateway.request(method, path).status == status)
    }

    private static let shared = Result { try Gateway(services: [.init()], sources: [.init(uid: "there")]) }

    @Test func `data sources are listed without their secrets`() throws {
        let gateway = try Gateway(sources: [
            .init(uid: "one", more: "    secureJsonData: {password: hidden-word}\n    isDefault: true\n"),
            .init(uid: "two", orgID: 2),
        ])
        let answer = try gateway.admin("/datasources")
        let list = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]] ?? []
        #expect(list.compactMap { $0["uid"] as? String } == ["one", "two"], "\(answer.text)")
        #expect(list.first?["orgId"] as? Int == 1 && list.first?["isDefault"] as? Bool == true)
        #expect(list.first?["type"] as? String == "testds" && list.first?["uidGenerated"] as? Bool == false)
        #expect((list.first?["file"] as? String)?.hasSuffix("datasources/all.yaml") == true, "\(answer.text)")
        #expect(!answer.text.contains("hidden-word"))
    }
}
