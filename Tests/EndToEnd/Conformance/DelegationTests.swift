import Foundation
import Testing

/// What no service of an object claims goes on to the upstream as it came.
@Suite(.timeLimit(.minutes(5)))
struct DelegationTests {
    /// A request that isn't ours.
    struct Row: CustomTestStringConvertible, Sendable {
        let id: String
        var method = "GET"
        let path: String
        var body: String?
        var testDescription: String { id }
    }

    static let root = "/apis/test.example.com/v1"
    static let namespace = "\(root)/namespaces/default"
    static let rows: [Row] = [
        // Settings of plugins, as a branch of Grafana has them.
        Row(id: "SE-01 GET", path: "\(root)/namespaces/org-2/settings"),
        Row(id: "SE-01 PUT", method: "PUT", path: "\(root)/namespaces/org-2/settings", body: "{}"),
        Row(id: "SE-02", path: "\(root)/namespaces/other/settings"),
        Row(id: "SE-03", path: "\(namespace)/settings"),
        // Grafana's query service.
        Row(
            id: "QS-01", method: "POST", path: "/apis/query.grafana.app/v0alpha1/namespaces/default/query",
            body: #"{"queries":[{"refId":"A"},{"refId":"A"}]}"#),
        Row(
            id: "QS-02", method: "POST", path: "/apis/query.grafana.app/v0alpha1/namespaces/default/query/other",
            body: "{"),
        // Parts of Grafana's own data source API that no service type claims.
        Row(id: "RS-01", path: "\(namespace)/datasources/123"),
        Row(id: "RS-06", path: "\(namespace)/datasources/123/not-a-resource"),
        Row(id: "DQ-13", method: "POST", path: "\(root)/namespaces/default/queryconvert", body: "[]"),
        Row(id: "DQ-14", path: "\(namespace)/datasources?watch=true"),
        Row(id: "Q-34", path: "\(namespace)/datasources/123/health"),
        Row(id: "AD-28 mutate", method: "POST", path: "\(root)/admission/mutate", body: "{}"),
        Row(id: "AD-28 validate", method: "POST", path: "\(root)/admission/validate", body: "{}"),
        Row(id: "LC-10", method: "PATCH", path: "\(namespace)/datasources/123/query/more?a=%2F&b=+", body: "x"),
        Row(id: "Q-26", method: "POST", path: "\(root)/namespaces//datasources/123/query", body: "{}"),
        Row(id: "DI-09", path: "/"),
    ]

    @Test(arguments: rows)
    func `a request that nobody claims arrives unchanged`(row: Row) throws {
        let gateway = try Shared.queries.get()
        let mark = "mark=\(UUID().uuidString)"
        let target = row.path + (row.path.contains("?") ? "&" : "?") + mark
        let answer = try gateway.request(row.method, target, [("X-Odd-Header", "a, b")], body: row.body)
        #expect(answer.status == 200, "\(answer.text)")
        let arrived = try Shared.upstream.get().recorded(mark)
        #expect(arrived.map(\.line) == ["\(row.method) \(target) HTTP/1.1"])
        #expect(arrived.first?.body == row.body ?? "")
        #expect(arrived.first?.all("X-Odd-Header") == ["a, b"])
    }
}
