import DataPlane
import DataPlaneAPI
import Testing

@testable import APIServer

/// Which paths a loop takes for the API server's.
struct LoopPathsTests {
    /// Claims that note what they are asked.
    private final class Claims: ClaimedGroups {
        static let group = ClaimedGroup(name: "a.example", versions: [.init(name: "v1")])

        var claimedGroups: [ClaimedGroup] { [Self.group] }

        func claimedGroup(_ name: String) -> ClaimedGroup? {
            // Text is made of the path of a known group only.
            if name != Self.group.name { Issue.record("asked for the text \(name)") }
            return name == Self.group.name ? Self.group : nil
        }
        func claims(_ name: ArraySlice<UInt8>) -> Bool { Self.group.name.utf8.elementsEqual(name) }
    }

    private func paths(hasUpstream: Bool, _ registry: KindRegistry = Samples.registry()) -> LoopPaths {
        LoopPaths(registry, claims: { Claims() }, hasUpstream: hasUpstream)
    }

    private func isDelegated(_ paths: LoopPaths, _ path: String) -> Bool {
        APIRoute.find(CanonicalPath(path), paths.now) == nil
    }

    @Test func `a group that nobody knows is the upstream's, and no text is made of it`() {
        let paths = paths(hasUpstream: true)
        for path in ["/apis/dashboard.grafana.app/v1/namespaces/default/dashboards", "/apis/x", "/apis/x/"] {
            #expect(isDelegated(paths, path), "\(path)")
        }
        #expect(!isDelegated(paths, "/apis") && !isDelegated(paths, "/apis/") && !isDelegated(paths, "/apis/a.example"))
        #expect(!isDelegated(paths, "/apis/a.example/v1") && isDelegated(paths, "/apis/a.example/v2"))
    }

    @Test func `without an upstream it is 404`() {
        let route = APIRoute.find(CanonicalPath("/apis/x/v1/things"), paths(hasUpstream: false).now)
        #expect(route.map { if case .unknown = $0 { true } else { false } } == true)
    }

    @Test func `kinds that come and go are seen at once`() throws {
        let registry = KindRegistry()
        let paths = paths(hasUpstream: true, registry)
        let kind = DataPlaneServiceKind.definition
        let path = "/apis/\(kind.group)/\(kind.version)"
        #expect(isDelegated(paths, path))
        registry.publish(Kinds([kind]))
        #expect(!isDelegated(paths, path))
        registry.publish(Kinds())
        #expect(isDelegated(paths, path))
    }
}
