import DataPlaneAPI
import PluginBridge
import PluginProtocol
import Testing

@testable import DataPlane

struct ProxySourceTests {
    private func source(routes: String, app: Bool = false) throws -> ProxySource {
        let folder = try TemporaryFolder()
        let path = try folder.write("plugin.json", #"{"id": "p", "type": "datasource", "routes": \#(routes)}"#)
        let manifest = try PluginManifest(path: path)
        if app { return ProxySource(app: nil, orgID: 1, pluginID: "p", manifest: manifest) }
        return ProxySource(
            DataSource(orgID: 1, uid: "one", type: "p", settings: DataSourceInstanceSettings()), pluginID: "p",
            manifest: manifest)
    }

    private func route(
        _ source: ProxySource, _ rest: String, method: String = "GET", role: PluginRoute.Role = .viewer
    ) throws -> Int? {
        try source.route(
            try ProxyPath(CanonicalPath("/a/b/c/d/e/f/g/proxy" + rest), from: 8), method: method, role: role)
    }

    @Test func theFirstRouteThatMatchesCounts() throws {
        let source = try source(
            routes: #"[{"path": "a", "method": "POST"}, {"path": "a/b"}, {"path": "a"}, {"path": "c"}]"#)
        #expect(try route(source, "/a/b/c") == 1)
        #expect(try route(source, "/a/x") == 2)
        #expect(try route(source, "/a/b", method: "POST") == 0)
        #expect(try route(source, "/other") == nil)
    }

    @Test(arguments: ["/admin/x", "//admin//x", "/%61dmin/x", "/admin%2Fx"])
    func noSpellingGetsAroundARole(_ path: String) throws {
        let source = try source(routes: #"[{"path": "admin/x", "reqRole": "Admin"}]"#)
        let error = #expect(throws: GatewayError.self) { try route(source, path) }
        #expect(error?.code == .forbidden)
        #expect(try route(source, path, role: .admin) == 0)
    }

    @Test func anAppServesItsRoutesOnly() throws {
        let source = try source(routes: #"[{"path": "api"}]"#, app: true)
        #expect(try route(source, "/api/x") == 0)
        let error = #expect(throws: GatewayError.self) { try route(source, "/x") }
        #expect(error?.code == .notFound)
    }

    @Test func whatARouteNeedsAndIsNotDoneIsRefused() throws {
        let source = try source(routes: #"[{"path": "api", "body": {"a": "x"}}]"#)
        let error = #expect(throws: GatewayError.self) { try route(source, "/api") }
        #expect(error?.code == .notImplemented)
    }
}
