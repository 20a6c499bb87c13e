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
        switch table.match(CanonicalPath(path)) {
        case .query(let route, _, _): route.objectName
        case .none: nil
        }
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

    @Test func anEncodedSlashIsPartOfTheUID() throws {
        let table = RouteTable([try service("one")])
        guard
            case .query(_, let namespace, let uid) = table.match(
                CanonicalPath("/apis/a.example/v1/namespaces/org%2D2/datasources/a%2Fb/query"))
        else {
            Issue.record("the path is not matched")
            return
        }
        #expect(namespace == "org-2")
        #expect(uid == "a/b")
    }

    @Test func theOldestObjectKeepsAContestedRoute() throws {
        let old = try service("zz-old", plugin: "old", created: "2026-01-01T00:00:00Z")
        let young = try service("aa-young", plugin: "young", created: "2026-01-02T00:00:00Z")
        for order in [[old, young], [young, old]] {
            let table = RouteTable(order)
            #expect(winner(table, "/apis/a.example/v1/namespaces/default/datasources/u/query") == "zz-old")
            #expect(table.conflicts.map(\.objectName) == ["aa-young"])
            #expect(table.conflicts.first?.winner == "zz-old")
        }
    }

    @Test func versionsOfAGroupAreIndependent() throws {
        let table = RouteTable([try service("one"), try service("two", version: "v2")])
        #expect(winner(table, "/apis/a.example/v2/namespaces/default/datasources/u/query") == "two")
        #expect(table.claimedGroups.map(\.versions) == [["v1", "v2"]])
        let rest = RouteTable([try service("two", version: "v2")])
        #expect(winner(rest, "/apis/a.example/v1/namespaces/default/datasources/u/query") == nil)
    }

    @Test func theOldLiteralForQueryIsAnAlias() throws {
        let table = RouteTable([try service("one", types: ["data"])])
        #expect(winner(table, "/apis/a.example/v1/namespaces/default/datasources/u/query") == "one")
    }

    @Test func servicesWithoutQueryClaimNoQueryRoute() throws {
        let table = RouteTable([try service("one", types: ["admission"])])
        #expect(winner(table, "/apis/a.example/v1/namespaces/default/datasources/u/query") == nil)
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
