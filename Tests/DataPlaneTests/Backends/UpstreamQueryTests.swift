import Bytes
import DataPlaneAPI
import NIOCore
import PluginProtocol
import Testing

@testable import DataPlane

@Suite struct UpstreamQueryTests {
    private func request(_ pluginID: String = "p") throws -> UpstreamBackend.Request {
        let service = try DataPlaneService(
            try JSONValue.parse(
                """
                {"metadata":{"name":"one"},"spec":{"pluginID":"\(pluginID)","group":"a.example","version":"v1",
                "backend":{"type":"upstream"},"services":[{"type":"query"}]}}
                """))
        let table = RouteTable([service])
        let path = CanonicalPath("/apis/a.example/v1/namespaces/default/datasources/u/query")
        let route = try #require(table.match(path, method: "POST".utf8).route)
        return UpstreamBackend.Request(
            route: route, orgID: 1, uid: "u", rest: 8, acceptedTypes: pluginID.isEmpty ? [] : [pluginID, "old-p"])
    }

    private func body(_ text: String, _ pluginID: String = "p") throws -> JSONValue {
        let sent = try UpstreamQuery.body(Array(text.utf8), try request(pluginID))
        return try JSONValue.parse(Array(sent.readableBytesView))
    }

    @Test func `each query gets its data source and its range, and keeps what it has`() throws {
        let sent = try body(
            #"{"from":"1000","to":"2000","queries":[{"refId":"A","n":1.10,"big":18446744073709551616},"#
                + #"{"refId":"B","timeRange":{"from":"5","to":"6"},"hide":true}]}"#)
        #expect(sent["from"] == "1000" && sent["to"] == "2000")
        let queries = try #require(sent["queries"]?.asArray)
        #expect(queries.map { $0["datasource"] } == [["uid": "u", "type": "p"], ["uid": "u", "type": "p"]])
        #expect(queries.first?["timeRange"] == ["from": "1000", "to": "2000"])
        #expect(queries.last?["timeRange"] == ["from": "5", "to": "6"] && queries.last?["hide"] == true)
        #expect(queries.first?["n"]?.text() == "1.10" && queries.first?["big"]?.text() == "18446744073709551616")
    }

    @Test func `a type is what the client wrote, else the object's plugin, else left to Grafana`() throws {
        let alias = try body(#"{"queries":[{"datasource":{"type":"old-p","uid":"u"}}]}"#)
        #expect(alias["queries"]?.asArray?.first?["datasource"]?["type"] == "old-p")
        let open = try body(#"{"queries":[{"refId":"A"}]}"#, "")
        #expect(open["queries"]?.asArray?.first?["datasource"] == ["uid": "u"])
        let error = #expect(throws: GatewayError.self) {
            try body(#"{"queries":[{"datasource":{"type":"loki","uid":"u"}}]}"#)
        }
        #expect(error?.message.contains("invalid datasource type") == true)
    }

    @Test func `a request without a range asks for the last six hours`() throws {
        let sent = try body(#"{"queries":[{"refId":"A"}]}"#)
        let from = try #require(sent["from"]?.asString.flatMap { Int($0) })
        let to = try #require(sent["to"]?.asString.flatMap { Int($0) })
        #expect(to - from == 6 * 3_600_000)
    }

    @Test(arguments: [
        (#"{"status":"OK","message":"m","details":{"a":1}}"#, "ok m {\"a\":1}"),
        (#"{"status":"ERROR","message":"m"}"#, "error m "), (#"{"status":"UNKNOWN"}"#, "unknown  "),
        (#"{"status":"OK","details":"no object"}"#, "ok  "), (#"{"status":"maybe"}"#, ""),
        (#"{"message":"Data source not found"}"#, ""), (#"{"status":404}"#, ""), ("<html>", ""), ("", ""),
    ])
    func `a health is told from an error`(text: String, expected: String) {
        let health = UpstreamHealth.read(Array(text.utf8)).map {
            "\($0.status) \($0.message) \(String(decoding: $0.jsonDetails, as: UTF8.self))"
        }
        #expect(health ?? "" == expected)
    }
}
