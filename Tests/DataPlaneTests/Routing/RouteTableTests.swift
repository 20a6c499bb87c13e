import APIServer
import Bytes
import DataPlaneAPI
import Testing

@testable import DataPlane

@Suite struct RouteTableTests {
    private func service(
        _ name: String, group: String = "a.example", version: String = "v1", plugin: String = "p",
        created: String = "2026-01-01T00:00:00Z",
        types: [String] = ["query"]
    ) throws -> DataPlaneService {
        let entries = types.map { "{\"type\":\"\($0)\"}" }.joined(separator: ",")
        return try DataPlaneService(
            try JSONValue.parse(
                """
                {"metadata":{"name":"\(name)","creationTimestamp":"\(created)"},"spec":{"pluginID":"\(plugin)",
                "pluginType":"datasource","group":"\(group)","version":"\(version)","services":[\(entries)]}}
                """))
    }

    private func winner(_ table: RouteTable, _ path: String) -> String? {
        table.match(CanonicalPath(path), method: "POST".utf8).route?.objectName
    }

    @Test func bothSpellingsOfTheResourceMatch() throws {
        let table = RouteTable([try service("one")])
        for resource in ["datasources", "connections"] {
            #expect(winner(table, "/apis/a.example/v1/namespaces/default/\(resource)/u/query") == "one")
        }
    }

    @Test(arguments: [
        "/apis/a.example/v1/namespaces/default/datasources/u/query/",
        "/apis/a.example/v1/namespaces//datasources/u/query",
        "/apis/a.example/v1/namespaces/default/datasources//query",
        "/apis/a.example/v2/namespaces/default/datasources/u/query",
        "/apis/b.example/v1/namespaces/default/datasources/u/query",
        "/apis/a.example/v1/namespaces/default/dashboards/u/query",
        "/apis/a.example/v1/namespaces/default/datasources/u/health", "/apis/a.example/v1", "/", "",
        "/apis//a.example/v1/namespaces/default/datasources/u/query",
    ])
    func otherPathsAreNotClaimed(path: String) throws {
        #expect(winner(RouteTable([try service("one")]), path) == nil)
    }

    @Test(arguments: ["proxy", "proxy/", "proxy/api/v1/query", "proxy/query", "proxy//x"])
    func everythingBelowProxyIsTheDataSources(_ rest: String) throws {
        let table = RouteTable([try service("one", types: ["datasource-proxy"])])
        for name in ["u", "proxy"] {
            let path = CanonicalPath("/apis/a.example/v1/namespaces/proxy/datasources/\(name)/\(rest)")
            guard case .source(let route, _, let uid, 8) = table.match(path, method: "GET".utf8) else {
                Issue.record("\(rest) is not matched")
                continue
            }
            #expect(route.type == .dataSourceProxy)
            #expect(uid == name)
        }
    }

    @Test func anEncodedSlashIsPartOfTheUID() throws {
        let table = RouteTable([try service("one")])
        guard
            case .source(_, let namespace, let uid, _) = table.match(
                CanonicalPath("/apis/a.example/v1/namespaces/org%2D2/datasources/a%2Fb/query"), method: "POST".utf8)
        else {
            Issue.record("the path is not matched")
            return
        }
        #expect(namespace == "org-2")
        #expect(uid == "a/b")
    }

    @Test func `LC-06 the oldest object keeps a contested route`() throws {
        let old = try service("zz-old", plugin: "old", created: "2026-01-01T00:00:00Z")
        let young = try service("aa-young", plugin: "young", created: "2026-01-02T00:00:00Z")
        for order in [[old, young], [young, old]] {
            let table = RouteTable(order)
            #expect(winner(table, "/apis/a.example/v1/namespaces/default/datasources/u/query") == "zz-old")
            #expect(table.conflicts.map(\.objectName) == ["aa-young"])
            #expect(table.conflicts.first?.winner == "zz-old")
        }
    }

    @Test func `LC-05 versions of a group are independent`() throws {
        let table = RouteTable([try service("one"), try service("two", version: "v2")])
        #expect(winner(table, "/apis/a.example/v2/namespaces/default/datasources/u/query") == "two")
        #expect(table.claimedGroups.map { $0.versions.map(\.name) } == [["v1", "v2"]])
        let rest = RouteTable([try service("two", version: "v2")])
        #expect(winner(rest, "/apis/a.example/v1/namespaces/default/datasources/u/query") == nil)
    }

    @Test func `a change compiles its group and version, and the others stay the same objects`() throws {
        let many = try (0..<40).map { try service("s\($0)", group: "g\($0).example") }
        let before = RouteTable(many + [try service("v2", group: "g7.example", version: "v2")])
        let changed = try service("s7", group: "g7.example", plugin: "other")
        let after = before.changing([GroupPlace(changed): [changed]])
        for one in many where one.metadata.name != "s7" {
            let place = GroupPlace(one)
            #expect(before.find(place) != nil && before.find(place) === after.find(place))
        }
        #expect(after.find(GroupPlace(changed)) !== before.find(GroupPlace(changed)))
        #expect(after.find(GroupPlace(changed))?.source[.query]?.pluginID == "other")
        #expect(winner(after, "/apis/g7.example/v2/namespaces/default/datasources/u/query") == "v2")
        #expect(after.all.count == 41 && before.changing([:]) === before)
        // One that goes leaves nothing behind.
        let gone = after.changing([GroupPlace(changed): []])
        #expect(winner(gone, "/apis/g7.example/v1/namespaces/default/datasources/u/query") == nil)
        #expect(gone.claimedGroup("g7.example")?.versions.map(\.name) == ["v2"])
        #expect(gone.claimedGroups.count == 40 && gone.claimedGroup("g41.example") == nil)
    }

    @Test func `a loser has the route once the winner is gone`() throws {
        let old = try service("old", plugin: "old", created: "2026-01-01T00:00:00Z")
        let young = try service("young", plugin: "young", created: "2026-01-02T00:00:00Z")
        let table = RouteTable([old, young])
        #expect(table.conflict(of: young)?.winner == "old" && table.conflict(of: old) == nil)
        let after = table.changing([GroupPlace(young): [young]])
        #expect(after.conflict(of: young) == nil && after.conflicts.isEmpty)
        #expect(winner(after, "/apis/a.example/v1/namespaces/default/datasources/u/query") == "young")
    }

    @Test func `Q-35 the old literal for query is an alias`() throws {
        let table = RouteTable([try service("one", types: ["data"])])
        #expect(winner(table, "/apis/a.example/v1/namespaces/default/datasources/u/query") == "one")
    }

    @Test func `Q-34 services without query claim no query route`() throws {
        let table = RouteTable([try service("one", types: ["admission"])])
        #expect(winner(table, "/apis/a.example/v1/namespaces/default/datasources/u/query") == nil)
    }
}

/// Every service type has its place, and routes with paths of their own come after them.
@Suite struct ServiceRouteTests {
    private static func service(
        _ entries: [String], type: String = "datasource", name: String = "one",
        created: String = "2026-01-01T00:00:00Z"
    ) throws -> DataPlaneService {
        try DataPlaneService(
            try JSONValue.parse(
                """
                {"metadata":{"name":"\(name)","creationTimestamp":"\(created)"},"spec":{"pluginID":"p",
                "pluginType":"\(type)","group":"a.example","version":"v1","services":[\(entries.joined(separator: ","))]}}
                """))
    }

    private static let every = [
        "query", "stream", "resource", "health", "metrics", "admission", "conversion",
    ].map { "{\"type\":\"\($0)\"}" }

    /// The type of the route and where the service's own path begins, for a path below the group and version.
    private func found(_ table: RouteTable, _ path: String, _ method: String = "GET") -> String {
        switch table.match(CanonicalPath("/apis/a.example/v1/\(path)"), method: method.utf8) {
        case .source(let route, _, let uid, let rest): "\(route.type.rawValue) of \(uid) from \(rest)"
        case .app(let route, _, let rest): "app \(route.type.rawValue) from \(rest)"
        case .plugin(let route): route.type.rawValue
        case .route(let route, let namespace): "\(route.claim?.pattern.description ?? "") in \(namespace)"
        case .none: "none"
        }
    }

    @Test(arguments: [
        ("namespaces/n/datasources/u/query", "query of u from 8"),
        ("namespaces/n/connections/u/resources", "resource of u from 8"),
        ("namespaces/n/datasources/u/resource/a/b", "resource of u from 8"),
        ("namespaces/n/datasources/u/resources/", "resource of u from 8"),
        ("namespaces/n/datasources/u/health", "health of u from 8"),
        ("namespaces/n/datasources/u/health/x", "none"),
        ("namespaces/n/datasources/u/stream/a", "stream of u from 8"),
        ("namespaces/n/datasources/u/stream", "none"), ("namespaces/n/datasources/u/stream/", "none"),
        ("namespaces/n/app/instance/health", "none"), ("metrics", "metrics"), ("metrics/", "none"),
        ("admission/mutate", "admission"), ("admission/validate", "admission"), ("admission/other", "none"),
        ("admission", "none"), ("conversion", "conversion"), ("namespaces/n/metrics", "none"),
    ])
    func `a data source plugin's services`(path: String, expected: String) throws {
        #expect(found(RouteTable([try Self.service(Self.every)]), path) == expected)
    }

    @Test(arguments: [
        ("namespaces/n/app/instance/health", "app health from 8"),
        ("namespaces/n/app/instance/resources/x", "app resource from 8"),
        ("namespaces/n/app/instance/stream/x", "app stream from 8"), ("namespaces/n/app/other/health", "none"),
        ("namespaces/n/datasources/u/health", "none"), ("metrics", "metrics"),
    ])
    func `an app plugin's services`(path: String, expected: String) throws {
        #expect(found(RouteTable([try Self.service(Self.every, type: "app")]), path) == expected)
    }

    @Test func `routes go by precedence and method, and after the services`() throws {
        let table = RouteTable([
            try Self.service([
                "{\"type\":\"route\",\"path\":\"/things/{name}\"}",
                "{\"type\":\"route\",\"method\":\"GET\",\"path\":\"/things/all\"}",
                "{\"type\":\"route\",\"path\":\"/things/{rest...}\"}", "{\"type\":\"health\"}",
                "{\"type\":\"route\",\"path\":\"/datasources/{uid}/{what}\"}",
            ])
        ])
        #expect(found(table, "namespaces/n/things/all") == "/things/all in n")
        #expect(found(table, "namespaces/n/things/all", "HEAD") == "/things/all in n")
        #expect(found(table, "namespaces/n/things/all", "POST") == "/things/{name} in n")
        #expect(found(table, "namespaces/n/things/x/y") == "/things/{rest...} in n")
        #expect(found(table, "namespaces/n/other") == "none")
        #expect(found(table, "namespaces/n/datasources/u/health") == "health of u from 8")
        #expect(found(table, "namespaces/n/datasources/u/query") == "/datasources/{uid}/{what} in n")
    }

    @Test func `of two objects with routes of one shape the older has it`() throws {
        let old = try Self.service(["{\"type\":\"route\",\"path\":\"/a/{x}\"}"], name: "z")
        let young = try Self.service(
            ["{\"type\":\"route\",\"path\":\"/a/{y}\"}", "{\"type\":\"metrics\"}"], name: "a",
            created: "2026-01-02T00:00:00Z")
        let table = RouteTable([young, old])
        #expect(table.conflicts.map(\.objectName) == ["a"] && table.conflicts.map(\.winner) == ["z"])
        #expect(found(table, "namespaces/n/a/1") == "/a/{x} in n")
        #expect(found(table, "metrics") == "metrics")
    }

    @Test func `counts of requests under way go on from table to table`() throws {
        let limited = "{\"type\":\"metrics\",\"limits\":{\"maxConcurrentRequests\":1}}"
        let first = RouteTable([try Self.service([limited])])
        let gate = try #require(first.all.first?.serviceGate)
        #expect(gate.enter())
        #expect(!gate.enter())
        let second = RouteTable([try Self.service([limited])], after: first)
        #expect(second.all.first?.serviceGate === gate)
        gate.leave()
        #expect(gate.enter())
    }
}

@Suite struct NamespaceTests {
    @Test(arguments: [("default", 1), ("org-1", 1), ("org-27", 27), ("stacks-99", 1)])
    func namespacesStandForOrganisations(name: String, id: Int) throws {
        #expect(try Namespace.orgID(name) == id)
    }

    @Test(arguments: [
        "", "org-", "org-0", "org-01", "org--1", "org-1x", "stacks-", "other", "org-99999999999999999999",
    ])
    func otherNamesAreNotFound(name: String) {
        let error = #expect(throws: GatewayError.self) { try Namespace.orgID(name) }
        #expect(error?.code == .notFound)
    }
}
