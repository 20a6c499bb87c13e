import DataFrames
import PluginKit
import Testing

@testable import PluginBridge

/// What of a client's headers a plugin gets with its queries.
@Suite(.timeLimit(.minutes(1)))
struct QueryHeaderTests {
    private func sent(
        _ headers: [(String, String)], _ forwarding: HeaderForwarding = HeaderForwarding(), accept: String? = nil
    ) async throws -> String {
        let plugin = QueryPlugin { request in
            let text = request.headers.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return ["A": DataResponse(frames: [Frame("h", fields: [.strings("h", [text.joined(separator: "|")])])])]
        }
        var options = TestBridge.Options()
        options.forwarding = forwarding
        let all = headers + (accept.map { [("Accept", $0)] } ?? [])
        let reply = try await TestBridge.with(plugin, options) {
            try await TestClient.send($0, "POST", "/query", all, body: QueryBody.of("A"))
        }
        #expect(reply.status == 200, "\(reply.text)")
        return reply.text
    }

    private static let credentials = [
        ("Authorization", "Bearer t"), ("Cookie", "sid=1; b=2"), ("Cookie", "grafana_session=x; sid2=3"),
        ("X-Id-Token", "made up"),
    ]

    @Test func `credentials pass only as far as the data source lets them`() async throws {
        #expect(try await sent(Self.credentials).contains(#""values":[[""]]"#))
        let open = HeaderForwarding(keepCookies: ["sid[]"], passesAuthorization: true)
        for accept in ["application/json", "text/jsonl"] {
            #expect(
                try await sent(Self.credentials, open, accept: accept)
                    .contains("[\"Authorization=Bearer t|Cookie=sid=1; sid2=3\"]"))
        }
    }

    @Test func `Grafana's headers say where a query comes from`() async throws {
        let text = try await sent([
            ("X-Dashboard-Uid", "d"), ("X-Panel-Id", "7"), ("X-Query-Group-Id", "g"), ("x-panel-plugin-id", "p"),
            ("X-Datasource-Uid", "u"), ("X-Grafana-From-Expr", "true"), ("X-Grafana-Org-Id", "1"),
            ("X-Dashboard-Title", "Größe 1"), ("X-Panel-Title", "plain"), ("X-Grafana-Device-Id", "no"),
            ("X-Plugin-Id", "no"), ("X-Grafana-NoCache", "true"),
        ])
        let expected = [
            "http_X-Dashboard-Title=Gr%C3%B6%C3%9Fe 1", "http_X-Dashboard-Uid=d", "http_X-Datasource-Uid=u",
            "http_X-Grafana-From-Expr=true", "http_X-Grafana-Org-Id=1", "http_X-Panel-Id=7", "http_X-Panel-Plugin-Id=p",
            "http_X-Panel-Title=plain", "http_X-Query-Group-Id=g",
        ]
        #expect(text.contains("[\"\(expected.joined(separator: "|"))\"]"), "\(text)")
    }
}
