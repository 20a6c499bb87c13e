import Foundation
import Testing

/// The query route: paths, methods, data sources and namespaces.
@Suite(.timeLimit(.minutes(5)))
struct QueryRouteTests {
    static let path = "/apis/test.example.com/v1/namespaces/default/datasources/123/query"
    static let one =
        #"{"queries":[{"refId":"1","datasource":{"type":"testds","uid":"123","apiVersion":"v1"},"timeRange":{"from":"","to":""}}]}"#

    @Test(arguments: ["datasources", "connections"])
    func `Q-01 a query reaches the plugin and its frame comes back`(kind: String) throws {
        let path = "/apis/test.example.com/v1/namespaces/default/\(kind)/123/query"
        let answer = try Shared.queries.get().request("POST", path, body: Self.one)
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/json")
        #expect(answer.json.at("results.1.status") as? Int == 200)
        #expect(answer.json.at("results.1.frames.0.schema.name") as? String == "echo")
        #expect(Set(answer.json.keys) == ["results"])
    }
}
