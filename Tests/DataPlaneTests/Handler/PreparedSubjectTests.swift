import APIServer
import Bytes
import DataPlaneAPI
import HTTPKit
import NIOPosix
import PluginProtocol
import RPC
import Testing

@testable import DataPlane
@testable import PluginBridge

/// What loops keep of routes and subjects, and what a change takes away of it.
@Suite struct PreparedSubjectTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let state: LoopState
    private let bridges: LoopBridges

    init() {
        let plugins = LoopPlugins(completions: .direct)
        state = LoopState(plugins: plugins, loop: loop)
        bridges = LoopBridges(
            loop, settings: BridgeSettings(requestLimit: 1, metricsLimit: 1, format: .arrow), plugins: plugins,
            budget: MemoryBudget(limit: 1), workers: .singleton, side: SideWork(on: .singleton))
    }

    private func service(
        _ group: String, backend: String = "", types: [String] = ["query", "health"]
    ) throws -> DataPlaneService {
        let entries = types.map { "{\"type\":\"\($0)\"}" }.joined(separator: ",")
        return try DataPlaneService(
            try JSONValue.parse(
                """
                {"metadata":{"name":"\(group)","creationTimestamp":"2026-01-01T00:00:00Z"},"spec":{"pluginID":"p",
                "pluginType":"datasource","group":"\(group)","version":"v1","services":[\(entries)]\(backend)}}
                """))
    }

    private func route(_ table: RouteTable, _ group: String) throws -> ClaimedRoute {
        let path = CanonicalPath("/apis/\(group)/v1/namespaces/default/datasources/u/query")
        return try #require(table.match(path, method: "POST".utf8).route)
    }

    private func subject(_ route: ClaimedRoute) -> PreparedSubject {
        PreparedSubject(
            route, context: [1], scope: "", proxied: .app(nil, orgID: 1), bridges: bridges.bridges(route.limits))
    }

    @Test func `a route decides once what all its requests have in common`() throws {
        let route = try route(RouteTable([try service("a.example")]), "a.example")
        #expect(route.prepared.apiVersion == "a.example/v1" && route.prepared.handler.rawValue == "query")
        #expect(route.prepared.place == GroupPlace(try service("a.example")))
    }

    @Test func `a subject is made by the first request and kept for its route, namespace and data source`() throws {
        let table = RouteTable([try service("a.example"), try service("b.example")])
        let (one, other) = (try route(table, "a.example"), try route(table, "b.example"))
        let subjects = PreparedSubjects()
        var made = 0
        func find(_ route: ClaimedRoute, _ namespace: String, _ uid: String) throws -> PreparedSubject {
            try subjects.find(route, namespace: namespace, uid: uid) { () throws(GatewayError) in
                made += 1
                return subject(route)
            }
        }
        let first = try find(one, "default", "u")
        #expect(try find(one, "default", "u") === first && made == 1)
        for (route, namespace, uid) in [(one, "default", "v"), (one, "org-2", "u"), (other, "default", "u")] {
            #expect(try find(route, namespace, uid) !== first)
        }
        #expect(made == 4 && subjects.count == 4)
    }

    @Test func `a refusal isn't kept`() throws {
        let route = try route(RouteTable([try service("a.example")]), "a.example")
        let subjects = PreparedSubjects()
        #expect(throws: GatewayError.self) {
            try subjects.find(route, namespace: "x") { () throws(GatewayError) in
                throw GatewayError(.notFound, "no such namespace")
            }
        }
        #expect(subjects.count == 0)
        _ = try subjects.find(route, namespace: "x") { () throws(GatewayError) in subject(route) }
        #expect(subjects.count == 1)
    }

    @Test func `whoever names one namespace after the other doesn't fill the memory`() throws {
        let route = try route(RouteTable([try service("a.example")]), "a.example")
        let (subjects, one) = (PreparedSubjects(), subject(route))
        for number in 0...PreparedSubjects.limit {
            _ = try subjects.find(route, namespace: "stacks-\(number)") { () throws(GatewayError) in one }
        }
        #expect(subjects.count == 1)
    }

    @Test func `a change takes away what was kept for its places alone`() throws {
        let services = [try service("a.example"), try service("b.example")]
        let table = RouteTable(services)
        let places = services.map { GroupPlace($0) }
        _ = state.replace(routes: table, changed: Set(places))
        for group in ["a.example", "b.example"] {
            let route = try route(table, group)
            _ = try state.subjects.find(route, namespace: "default") { () throws(GatewayError) in subject(route) }
        }
        let generation = state.backendsGeneration
        let changed = try service("a.example", types: ["query"])
        let after = table.changing([places[0]: [changed]])
        #expect(!state.replace(routes: after, changed: [places[0]]))
        #expect(state.subjects.count == 1 && state.backendsGeneration == generation)
        #expect(state.claims.claims(Array("b.example".utf8)[...]) && !state.claims.claims(Array("c".utf8)[...]))
        state.replace(sources: DataSourceTable(), manifests: [:])
        #expect(state.subjects.count == 0)
    }

    @Test func `streams and servers are looked at where a change may have taken their route`() throws {
        let server = #","backend":{"type":"http","baseURL":"http://127.0.0.1:1"}"#
        let streams = try service("a.example", types: ["stream"])
        let served = try service("b.example", backend: server, types: ["query"])
        let table = RouteTable([streams, served])
        #expect(!state.replace(routes: table, changed: [GroupPlace(streams), GroupPlace(served)]))
        let generation = state.backendsGeneration
        let without = table.changing([GroupPlace(streams): []])
        #expect(state.replace(routes: without, changed: [GroupPlace(streams)]))
        #expect(state.backendsGeneration == generation)
        let nothing = without.changing([GroupPlace(served): []])
        #expect(!state.replace(routes: nothing, changed: [GroupPlace(served)]))
        #expect(state.backendsGeneration == generation + 1)
    }
}
