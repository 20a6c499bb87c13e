import Bytes
import DataPlaneAPI
import Testing

@testable import DataPlane

/// What a change of one object touches.
struct ServiceCatalogueTests {
    static func service(
        _ name: String, group: String = "a.example", plugin: String = "p", uid: String = "u", backend: String = "",
        created: String = "2026-01-01T00:00:00Z"
    ) throws -> DataPlaneService {
        try DataPlaneService(
            try JSONValue.parse(
                """
                {"metadata":{"name":"\(name)","uid":"\(uid)","creationTimestamp":"\(created)"},"spec":{
                "pluginID":"\(plugin)","pluginType":"datasource","group":"\(group)","version":"v1",\(backend)
                "services":[{"type":"query"}]}}
                """))
    }

    private static func places(_ groups: String...) throws -> Set<GroupPlace> {
        Set(try groups.map { GroupPlace(try service("x", group: $0)) })
    }

    @Test func `only what changes routes touches a group and version`() throws {
        var all = ServiceCatalogue()
        #expect(try all.set(Self.service("one")) == Self.places("a.example"))
        var same = try Self.service("one")
        same.conditions = [Condition(type: Condition.accepted, status: .isTrue, reason: "x", message: "")]
        #expect(all.set(same) == [])
        #expect(all["one"]?.conditions.count == 1)
        #expect(try all.set(Self.service("one", group: "b.example")) == Self.places("a.example", "b.example"))
        // Made anew under the same name.
        #expect(try all.set(Self.service("one", group: "b.example", uid: "v")) == Self.places("b.example"))
        #expect(try all.remove("one") == Self.places("b.example"))
        #expect(all.remove("one") == [] && all.names.isEmpty && all.pluginIDs.isEmpty)
    }

    @Test func `objects are found by group and version, and by plugin`() throws {
        var all = ServiceCatalogue()
        let upstream = #""backend":{"type":"upstream"},"#
        for service in [
            try Self.service("one"), try Self.service("two"),
            try Self.service("three", group: "b.example", plugin: "q"),
            try Self.service("four", backend: upstream),
        ] { _ = all.set(service) }
        let place = GroupPlace(try Self.service("x"))
        #expect(Set(all.services(at: place).map(\.metadata.name)) == ["one", "two", "four"])
        #expect(all.names(of: "p") == ["one", "two"] && all.names(of: "q") == ["three"] && all.names(of: "r") == [])
        _ = all.set(try Self.service("one", plugin: "q"))
        #expect(all.names(of: "p") == ["two"] && all.names(of: "q") == ["one", "three"])
        #expect(Set(all.pluginIDs) == ["p", "q"])
    }
}
