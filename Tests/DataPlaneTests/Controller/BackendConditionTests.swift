import Bytes
import DataPlaneAPI
import Testing

@testable import DataPlane

@Suite struct BackendConditionTests {
    private func service(_ backend: String, _ types: String...) throws -> DataPlaneService {
        let entries = types.map { #"{"type":"\#($0)","path":"\#($0 == "route" ? "/x" : "")"}"# }
        return try DataPlaneService(
            try JSONValue.parse(
                """
                {"metadata":{"name":"one","generation":3},"spec":{"group":"a.example","version":"v1",
                "backend":\(backend),"services":[\(entries.joined(separator: ","))]}}
                """))
    }

    private func ready(_ service: DataPlaneService, _ answerer: ServiceConditions.Answerer) -> String {
        let conditions = ServiceConditions.of(service, conflict: nil, answerer: answerer)
        guard let found = conditions[Condition.pluginReady], let summary = conditions[Condition.available],
            found.observedGeneration == 3, found.status == summary.status
        else { return "the summary differs" }
        return "\(found.status.rawValue) \(found.reason)"
    }

    @Test func `an http backend is what a connection showed`() throws {
        let http = try service(#"{"type":"http","baseURL":"http://h"}"#, "route")
        #expect(ready(http, .http(.unchecked)) == "Unknown BackendNotChecked")
        #expect(ready(http, .http(.reachable)) == "True BackendReachable")
        #expect(ready(http, .http(.unreachable("why"))) == "False BackendUnreachable")
        let more = try service(#"{"type":"http","baseURL":"http://h"}"#, "route", "query")
        #expect(ready(more, .http(.reachable)) == "False ServiceTypeNotImplemented")
    }

    @Test func `the upstream is there or isn't`() throws {
        let upstream = try service(#"{"type":"upstream"}"#, "query", "health", "resource", "datasource-proxy", "route")
        #expect(ready(upstream, .upstream(isConfigured: true)) == "True UpstreamConfigured")
        #expect(ready(upstream, .upstream(isConfigured: false)) == "False UpstreamNotConfigured")
        for type in ["stream", "metrics", "admission", "conversion"] {
            let lacking = try service(#"{"type":"upstream"}"#, type)
            #expect(ready(lacking, .upstream(isConfigured: true)) == "False ServiceTypeNotImplemented")
        }
    }

    @Test func `what stands is left standing, and summed up with what is new`() throws {
        let plugin = try service(#"{"type":"plugin"}"#, "query")
        let standing = Condition(
            type: Condition.pluginReady, status: .isTrue, reason: "PluginReady", message: "", observedGeneration: 3)
        #expect(ready(plugin, .standing(standing)) == "True PluginReady")
        let conflict = RouteConflict(objectName: "one", winner: "other", route: "query of a.example/v1")
        let conditions = ServiceConditions.of(plugin, conflict: conflict, answerer: .standing(standing))
        #expect(conditions[Condition.pluginReady] == standing)
        #expect(conditions[Condition.available]?.reason == "RouteConflict")
    }
}
