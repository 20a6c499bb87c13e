import Foundation
import Testing

/// Files that an editor on Windows wrote: a byte order mark, CR LF at the ends of lines.
@Suite(.timeLimit(.minutes(2)))
struct WindowsFileTests {
    private static func windows(_ text: String) -> String {
        "\u{FEFF}" + text.replacingOccurrences(of: "\n", with: "\r\n")
    }

    @Test func `every file that a person writes is read, and generated uids are in the log`() throws {
        let upstream = "http://127.0.0.1:\(try Shared.upstream.get().port)"
        let files = try TemporaryFolder()
        let tokens = try files.write("tokens.csv", Self.windows("first-token,ann,1,\"system:masters\"\nsecond,bob,2\n"))
        let ini = try files.write("grafana.ini", Self.windows("[dataproxy]\nsend_user_header = true\n"))
        let config = try files.write(
            "gateway.yaml", Self.windows("token-auth-file: '\(tokens)'\ngrafana-config: '\(ini)'\n"))
        let secret = try files.write("secret", Self.windows("geheim\n"))
        let gateway = try Gateway(
            plugins: { folder in
                try folder.write(
                    "plugins/proxyds/plugin.json",
                    Self.windows(#"{"id": "proxyds", "type": "datasource", "name": "p", "info": {}}"#))
                try folder.write(
                    "manifests/proxy.yaml",
                    Self.windows(
                        ShowcaseGateway.manifest(
                            group: "proxy.example.com", pluginID: "proxyds", services: ["datasource-proxy"])))
                try folder.write(
                    "provisioning/datasources/extra.yaml",
                    Self.windows(
                        """
                        apiVersion: 1
                        datasources:
                          - name: AAA
                            type: proxyds
                            url: \(upstream)
                            jsonData: {httpHeaderName1: X-Key}
                            secureJsonData: {httpHeaderValue1: "$__file{\(secret)}"}

                        """))
            }, flags: ["--config", config])
        let line = "provisioned: 1 data source, 0 apps; without a uid of their own: \"AAA\" has PCB1AD2119D8FAFB6"
        #expect(gateway.process.stderr.wait(containing: line) != nil, "\(gateway.log)")
        let path = "/apis/proxy.example.com/v1/namespaces/default/datasources/PCB1AD2119D8FAFB6/proxy/echo"
        let answer = try gateway.request("GET", path, [("Authorization", "Bearer first-token")])
        #expect(answer.status == 200, "\(answer.status) \(answer.text)")
        let headers = (answer.json["headers"] as? [[String]] ?? []).reduce(into: [:]) { $0[$1[0]] = $1[1] }
        #expect(headers["X-Key"] == "geheim" && headers["X-Grafana-User"] == "ann", "\(headers)")
        #expect(try gateway.request("GET", path, [("Authorization", "Bearer \u{FEFF}first-token")]).status == 401)
    }
}
