import Foundation
import Testing

/// One row of a table of query requests.
struct QueryCase: CustomTestStringConvertible, Sendable {
    let id: String
    var method = "POST"
    var path = QueryRouteTests.path
    var headers: [(String, String)] = []
    var body: String? = QueryRouteTests.one
    let status: Int
    /// Text that the answer's body holds.
    var holds: [String] = []
    var isFromUpstream = false

    var testDescription: String { id }

    /// Queries as one body.
    static func queries(_ queries: String...) -> String { "{\"queries\":[\(queries.joined(separator: ","))]}" }

    static let source = #""datasource":{"type":"testds","uid":"123"}"#
}

/// The rows of the case list about the query route, with the gateway's own decisions.
@Suite(.timeLimit(.minutes(5)))
struct QueryCaseTests {
    static let base = "/apis/test.example.com/v1/namespaces/default/datasources"
    static let cases: [QueryCase] = [
        QueryCase(
            id: "Q-02", body: QueryCase.queries(#"{"datasource":{"type":"wrongds","uid":"123"}}"#), status: 400,
            holds: ["invalid datasource type"]),
        QueryCase(id: "Q-03 DQ-02", path: "\(base)/a%2Fb/query", status: 400, holds: ["invalid datasource UID"]),
        QueryCase(
            id: "Q-04", path: "/apis/wrongds.example.com/v1/namespaces/default/datasources/abc/query", body: "",
            status: 200, isFromUpstream: true),
        QueryCase(
            id: "Q-05", body: QueryCase.queries(#"{"datasource":{"type":"wrongds","uid":"zzz"}}"#), status: 400,
            holds: ["invalid datasource type"]),
        QueryCase(id: "Q-06", body: "", status: 400),
        QueryCase(id: "Q-07", body: "{", status: 400),
        QueryCase(
            id: "Q-08 empty list", body: #"{"queries":[]}"#, status: 400, holds: ["missing datasource reference"]),
        QueryCase(id: "Q-08 empty object", body: "{}", status: 400, holds: ["missing datasource reference"]),
        QueryCase(id: "Q-09", body: QueryCase.queries(#"{"refId":"A"}"#), status: 200),
        QueryCase(
            id: "Q-10", body: QueryCase.queries(#"{"refId":"A",\#(QueryCase.source)}"#, #"{"refId":"B"}"#), status: 200,
            holds: [#""A""#, #""B""#]),
        QueryCase(
            id: "Q-11", body: QueryCase.queries(#"{"refId":"A"}"#, #"{"refId":"B",\#(QueryCase.source)}"#), status: 200),
        QueryCase(
            id: "Q-12",
            body: QueryCase.queries(
                #"{"refId":"A",\#(QueryCase.source)}"#, #"{"refId":"B","datasource":{"type":"x","uid":"123"}}"#),
            status: 400, holds: ["expect same datasource types"]),
        QueryCase(
            id: "Q-13",
            body: QueryCase.queries(
                #"{"refId":"A",\#(QueryCase.source)}"#, #"{"refId":"B","datasource":{"type":"testds","uid":"9"}}"#),
            status: 400, holds: ["expect same datasource UID"]),
        QueryCase(
            id: "Q-14", body: QueryCase.queries(#"{"datasource":"123"}"#), status: 200,
            holds: [#""status":200"#]),
        QueryCase(
            id: "a reference with only a uid", body: QueryCase.queries(#"{"datasource":{"type":null,"uid":"123"}}"#),
            status: 200, holds: [#""status":200"#]),
        QueryCase(
            id: "a fraction of a point", body: QueryCase.queries(#"{"maxDataPoints":500.25}"#), status: 200,
            holds: [#"\"maxDataPoints\":500,"#]),
        QueryCase(
            id: "Q-15", body: QueryCase.queries(#"{"datasource":5}"#), status: 400, holds: ["queries[0].datasource"]),
        QueryCase(
            id: "Q-16", body: QueryCase.queries(#"{"maxDataPoints":"10"}"#), status: 200,
            holds: [#"\"maxDataPoints\":10"#]),
        QueryCase(
            id: "Q-17", body: QueryCase.queries(#"{"maxDataPoints":true}"#), status: 400, holds: ["maxDataPoints"]),
        QueryCase(id: "Q-18", body: QueryCase.queries(#"{"intervalMs":"5"}"#), status: 400, holds: ["intervalMs"]),
        QueryCase(
            id: "Q-20", path: "/apis/other.example.com/v1/namespaces/default/datasources/nowhere/query",
            body: QueryCase.queries(#"{"refId":"A"}"#), status: 503, holds: ["nowhere", "not installed"]),
        QueryCase(
            id: "Q-21", body: QueryCase.queries(#"{"do":"fail","message":"plain trouble"}"#), status: 502,
            holds: ["plain trouble"]),
        QueryCase(
            id: "Q-22", body: QueryCase.queries(#"{"do":"grpc","code":5,"message":"no such thing"}"#), status: 404,
            holds: ["no such thing"]),
        QueryCase(
            id: "Q-22 permission", body: QueryCase.queries(#"{"do":"grpc","code":7,"message":"not you"}"#), status: 403),
        QueryCase(
            id: "Q-22 argument", body: QueryCase.queries(#"{"do":"grpc","code":3,"message":"bad"}"#), status: 400),
        QueryCase(
            id: "Q-22 unimplemented", body: QueryCase.queries(#"{"do":"grpc","code":12,"message":""}"#), status: 501),
        QueryCase(
            id: "Q-22 internal", body: QueryCase.queries(#"{"do":"grpc","code":13,"message":"inside"}"#), status: 502,
            holds: ["inside"]),
        QueryCase(
            id: "Q-23",
            body: QueryCase.queries(
                #"{"refId":"A","do":"error","status":502,"source":"downstream","message":"far away"}"#), status: 200,
            holds: [#""error":"far away""#, #""errorSource":"downstream""#, #""status":502"#]),
        QueryCase(
            id: "DQ-04",
            body: QueryCase.queries(
                #"{"refId":"A"}"#, #"{"refId":"B","do":"error","status":500,"message":"b"}"#,
                #"{"refId":"C","do":"error","status":404,"source":"downstream","message":"c"}"#), status: 200,
            holds: [
                #""A":{"status":200"#, #""B":{"error":"b","errorSource":"plugin","status":500"#,
                #""C":{"error":"c","errorSource":"downstream","status":404"#,
            ]),
        QueryCase(
            id: "DQ-05",
            body: QueryCase.queries(
                #"{"refId":"A","do":"error","status":500,"source":"downstream","message":"a"}"#), status: 200,
            holds: [#""errorSource":"downstream","status":500"#]),
        QueryCase(
            id: "DQ-06",
            body: QueryCase.queries(
                #"{"refId":"A","do":"error","status":404,"source":"downstream","message":"a"}"#), status: 200,
            holds: [#""errorSource":"downstream","status":404"#]),
        QueryCase(
            id: "DR-11 DQ-07", body: QueryCase.queries(#"{"refId":"A","do":"error","message":"a"}"#), status: 200,
            holds: [#""error":"a""#, #""status":500"#]),
        QueryCase(
            id: "DR-08 DR-09 DR-10",
            body: QueryCase.queries(
                #"{"refId":"A","do":"error","status":504,"message":"a"}"#,
                #"{"refId":"B","do":"error","status":401,"message":"b"}"#,
                #"{"refId":"C","do":"error","status":502,"message":"c"}"#), status: 200,
            holds: [#""status":504"#, #""status":401"#, #""status":502"#]),
        QueryCase(
            id: "DQ-09", body: QueryCase.queries(#"{"refId":"A","do":"grpc","code":2,"message":"far away"}"#),
            status: 502, holds: ["far away"]),
        QueryCase(
            id: "DR-02 DR-03", body: QueryCase.queries(#"{"refId":"A","do":"rows","rows":2}"#), status: 200,
            holds: [
                #"{"results":{"A":{"status":200,"frames":[{"schema":{"name":"rows""#, #""type":"time""#,
                #""frame":"time.Time""#, #""type":"number""#, #""frame":"float64""#, "[[0,1000],[0.5,1.5]]",
            ]),
        QueryCase(
            id: "DR-07", body: QueryCase.queries(#"{"refId":"A","do":"sleep","ms":0,"tag":"DR-07"}"#), status: 200,
            holds: [#"{"results":{"A":{"status":200,"frames":[]}}}"#]),
        QueryCase(id: "Q-24 GET", method: "GET", body: nil, status: 405),
        QueryCase(id: "Q-24 PUT", method: "PUT", status: 405),
        QueryCase(id: "Q-24 DELETE", method: "DELETE", body: nil, status: 405),
        QueryCase(id: "Q-24 lower case", method: "post", status: 405),
        QueryCase(id: "Q-25", path: "\(base)/123/query/", status: 200, isFromUpstream: true),
        QueryCase(
            id: "Q-27", path: "\(base)/a%2Fb/query",
            body: QueryCase.queries(#"{"datasource":{"type":"testds","uid":"a/b"}}"#), status: 200),
        QueryCase(id: "Q-28 none", headers: [], status: 200),
        QueryCase(id: "Q-28 odd", headers: [("Content-Type", "text/plain")], status: 200),
        QueryCase(id: "Q-29", body: QueryRouteTests.one + " and more", status: 200),
        QueryCase(
            id: "Q-33", path: "\(base)/foreign/query",
            body: QueryCase.queries(#"{"datasource":{"type":"testds","uid":"foreign"}}"#), status: 400, holds: ["loki"]),
        QueryCase(
            id: "Q-19 DQ-01 unknown data source", path: "\(base)/nobody/query",
            body: QueryCase.queries(#"{"refId":"A"}"#),
            status: 404, holds: ["nobody"]),
        QueryCase(
            id: "alias type", body: QueryCase.queries(#"{"datasource":{"type":"testds-old","uid":"123"}}"#), status: 200
        ),
        QueryCase(
            id: "expression", body: QueryCase.queries(#"{"datasource":{"type":"__expr__","uid":"__expr__"}}"#),
            status: 400, holds: ["/api/ds/query"]),
        QueryCase(
            id: "repeated refId", body: QueryCase.queries(#"{"refId":"A"}"#, #"{"refId":"A"}"#), status: 400,
            holds: ["refId"]),
        QueryCase(
            id: "Q-32 other org", path: "/apis/test.example.com/v1/namespaces/other-org/datasources/123/query",
            status: 404, holds: ["other-org"]),
        QueryCase(
            id: "namespace org-2", path: "/apis/test.example.com/v1/namespaces/org-2/datasources/two/query",
            body: QueryCase.queries(#"{"refId":"A"}"#), status: 200,
            holds: [#"\"orgId\":2"#, #"\"namespace\":\"org-2\""#]),
        QueryCase(
            id: "org-2 does not see org 1", path: "/apis/test.example.com/v1/namespaces/org-2/datasources/123/query",
            body: QueryCase.queries(#"{"refId":"A"}"#), status: 404),
        QueryCase(
            id: "namespace stacks-5", path: "/apis/test.example.com/v1/namespaces/stacks-5/datasources/123/query",
            body: QueryCase.queries(#"{"refId":"A"}"#), status: 200,
            holds: [#"\"orgId\":1"#, #"\"namespace\":\"stacks-5\""#]),
        QueryCase(
            id: "namespace org-0", path: "/apis/test.example.com/v1/namespaces/org-0/datasources/123/query", status: 404
        ),
        QueryCase(
            id: "namespace huge",
            path: "/apis/test.example.com/v1/namespaces/org-99999999999999999999/datasources/123/query", status: 404),
        QueryCase(id: "dot segment", path: "\(base)/123/%2e%2e/123/query", status: 400),
        QueryCase(id: "NUL", path: "\(base)/12%003/query", status: 400),
        QueryCase(id: "bad percent", path: "\(base)/12%zz3/query", status: 400),
        QueryCase(id: "backslash", path: "\(base)\\123/query", status: 400),
        QueryCase(
            id: "encoded letters", path: "/%61pis/test.example.com/v1/namespaces/default/datasources/123/quer%79",
            status: 400, holds: ["path"]),
        QueryCase(
            id: "DQ-08 missing refId", body: QueryCase.queries(#"{"refId":"A","do":"missing"}"#), status: 200,
            holds: [#""A""#, "no answer for this refId"]),
        QueryCase(
            id: "DR-04", body: QueryCase.queries(#"{"refId":"C"}"#, #"{"refId":"A"}"#, #"{"refId":"B"}"#), status: 200),
        QueryCase(
            id: "DR-12 DR-13 DR-14", body: QueryCase.queries(#"{"refId":"A","do":"columns"}"#), status: 200,
            holds: [
                #""entities":"#, #""NaN":[0]"#, #""Inf":[1]"#, #""nullable":true"#, #"[1577934240000,1577934300000]"#,
                #""nanos":"#, "ünï",
            ]),
        QueryCase(
            id: "deep JSON",
            body:
                #"{"queries":[{"x":\#(String(repeating: "[", count: 20_000))\#(String(repeating: "]", count: 20_000))}]}"#,
            status: 400),
        QueryCase(id: "not an object", body: "[]", status: 400),
        QueryCase(
            id: "half a character in an escape", body: QueryCase.queries(#"{"refId":"\ud800"}"#), status: 200,
            holds: ["{\"results\":{\"\u{FFFD}\":"]),
    ]

    @Test(arguments: cases)
    func `every row of the list holds`(row: QueryCase) throws {
        let gateway = try Shared.queries.get()
        let answer = try gateway.request(row.method, row.path, row.headers, body: row.body)
        #expect(answer.status == row.status, "\(answer.text.prefix(500))")
        for text in row.holds { #expect(answer.text.contains(text), "\(answer.text.prefix(800))") }
        if row.isFromUpstream {
            #expect(answer.json["target"] as? String == row.path)
        } else if row.status >= 400 {
            // DQ-15: a Status of Kubernetes' own version, whatever the group.
            #expect(answer.isStatus, "\(answer.text)")
            #expect(answer["Content-Type"] == "application/json")
        }
        if row.status == 405 { #expect(answer["Allow"] == "POST") }
        // Whatever came, the next request is served.
        #expect(try gateway.request("POST", QueryRouteTests.path, body: QueryRouteTests.one).status == 200)
    }

    @Test func `results come in the order of their names and compact unless asked otherwise`() throws {
        let body = QueryCase.queries(#"{"refId":"C"}"#, #"{"refId":"A"}"#, #"{"refId":"B"}"#)
        let gateway = try Shared.queries.get()
        let text = try gateway.request("POST", QueryRouteTests.path, body: body).text
        let places = ["A", "B", "C"].compactMap { text.range(of: "\"\($0)\":{")?.lowerBound }
        #expect(places.count == 3 && places == places.sorted())
        #expect(!text.contains("\n  "))
        let pretty = try gateway.request("POST", QueryRouteTests.path + "?pretty=1", body: body).text
        #expect(pretty.contains("\n  \"results\": {"))
    }
}
