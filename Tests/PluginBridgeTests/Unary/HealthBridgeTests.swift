import PluginKit
import PluginProtocol
import RPC
import Testing

@testable import PluginBridge

@Suite(.timeLimit(.minutes(1)))
struct HealthBridgeTests {
    private static func reply(_ result: HealthResult) async throws -> Reply {
        var plugin = TestPlugin()
        plugin.health = { _ in result }
        return try await TestBridge.with(plugin) { try await TestClient.send($0, "/health") }
    }

    private static let head = #"{"kind":"HealthCheckResult","apiVersion":"test.example.com/v1","#

    static let rows: [(result: HealthResult, status: Int, rest: String)] = [
        (
            HealthResult(status: .ok, message: "database \"x\" OK", jsonDetails: Array(#"{"version":"1.0"}"#.utf8)),
            200,
            #""status":"OK","code":1,"message":"database \"x\" OK","details":{"version":"1.0"}}"#
        ),
        (HealthResult(status: .ok, message: ""), 200, #""status":"OK","code":1}"#),
        (
            HealthResult(status: .error, message: "unhealthy", jsonDetails: Array(#" {"reason":"nope"}"#.utf8)), 400,
            #""status":"ERROR","code":2,"message":"unhealthy","details": {"reason":"nope"}}"#
        ),
        (HealthResult(status: .unknown, message: "?"), 400, #""status":"UNKNOWN","message":"?"}"#),
    ]

    @Test(arguments: rows)
    func `HE-04 HE-06 HE-07 HE-08 status and body`(row: (result: HealthResult, status: Int, rest: String)) async throws
    {
        let reply = try await Self.reply(row.result)
        #expect(reply.status == row.status && reply["Content-Type"] == "application/json")
        #expect(reply.text == Self.head + row.rest)
    }

    @Test(arguments: ["{not-json", "[1]", "\"text\"", "{} {}"])
    func `HE-05 details that are no object are 502`(details: String) async throws {
        let reply = try await Self.reply(HealthResult(status: .ok, message: "", jsonDetails: Array(details.utf8)))
        #expect(reply.status == 502 && reply.text.contains("no JSON object"))
    }

    @Test func `HE-03 a failed call is the gateway's error, a missing service is 501 and noticed`() async throws {
        let failing = GRPCServerMethod(.checkHealth) { $0.fail(GRPCError(code: .unknown, message: "boom")) }
        try await TestBridge.with(methods: [failing]) { bridge in
            let reply = try await TestClient.send(bridge, "/health")
            #expect(reply.status == 502 && reply.text.contains("boom"))
        }
        try await TestBridge.with(EmptyPlugin()) { bridge in
            let reply = try await TestClient.send(bridge, "/health")
            #expect(reply.status == 501 && reply.text.contains("Diagnostics/CheckHealth"))
            #expect(bridge.instance.missingMethods == [.checkHealth])
        }
    }

    @Test func `credentials reach the plugin only as far as the data source lets them`() async throws {
        var plugin = TestPlugin()
        plugin.health = { request in
            let text = request.headers.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return HealthResult(status: .ok, message: text.joined(separator: "|"))
        }
        let headers = [("Authorization", "Bearer t"), ("Cookie", "sid=1; b=2")]
        let closed = try await TestBridge.with(plugin) { try await TestClient.send($0, "/health", headers) }
        #expect(closed.text == Self.head + #""status":"OK","code":1}"#)
        var options = TestBridge.Options()
        options.forwarding = HeaderForwarding(keepCookies: ["sid"], passesAuthorization: true)
        let open = try await TestBridge.with(plugin, options) { try await TestClient.send($0, "/health", headers) }
        #expect(open.text.contains(#""message":"Authorization=Bearer t|Cookie=sid=1""#))
    }
}
