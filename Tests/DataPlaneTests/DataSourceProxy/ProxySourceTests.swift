import Access
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
        _ source: ProxySource, _ rest: String, method: String = "GET", role: OrgRole = .viewer
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
        let source = try source(routes: #"[{"path": "api/*"}]"#, app: true)
        #expect(try route(source, "/api/x") == 0)
        for path in ["/x", "/api", "/api/", "/apis/x", "/Api/x", "/x/api/x", "", "/"] {
            let error = #expect(throws: GatewayError.self) { try route(source, path) }
            #expect(error?.code == .notFound, "\(path)")
        }
    }

    @Test(arguments: [
        ("", "GET", 0), ("/", "GET", 0), ("/some-api", "GET", 1), ("/some-api/", "GET", 1), ("//some-api", "GET", 1),
        ("/some-api/instances", "GET", 2), ("/some-api/x/y", "POST", 3), ("/some-api/instances/one", "PUT", 3),
        ("/users/7", "GET", 4), ("/users/a%2Fb", "GET", 4), ("/users/7/posts", "GET", 5),
        ("/users/7/posts/1", "GET", nil),
        ("/users", "GET", nil), ("/some-api/x", "get", 3), ("/only", "GET", nil), ("/only", "get", 6),
        ("/a/b/c/d", "GET", 7),
        ("/a/b/x", "GET", nil), ("/*rest", "GET", 8), ("/x", "GET", nil), ("/some%2Dapi", "GET", 1),
        ("/list", "PATCH", 9),
    ])
    func `Routes of an app are patterns, and the first in the file counts`(
        _ path: String, _ method: String, _ index: Int?
    ) throws {
        let source = try source(
            routes: #"""
                [{"path": "", "method": "GET"}, {"path": "some-api/", "method": "GET"}, {"path": "/some-api/instances"},
                 {"path": "some-api/*", "method": "*"}, {"path": "users/:id"}, {"path": "users/:id/posts"},
                 {"path": "only", "method": "get"}, {"path": "a/*/c/*"}, {"path": "*rest"},
                 {"path": "list", "method": "GET,*"}]
                """#, app: true)
        #expect((try? route(source, path, method: method)) == index)
    }

    @Test func `The first route decides about the role, whatever comes after it`() throws {
        let source = try source(
            routes: #"[{"path": "admin/*", "reqRole": "Admin"}, {"path": "*"}]"#, app: true)
        #expect(try route(source, "/other/x") == 1)
        #expect(try route(source, "/admin/x", role: .admin) == 0)
        for path in ["/admin/x", "//admin//x/", "/%61dmin/x"] {
            let error = #expect(throws: GatewayError.self) { try route(source, path) }
            #expect(error?.code == .forbidden, "\(path)")
        }
        // A server behind that takes %2F for a slash would be reached past the role.
        let error = #expect(throws: GatewayError.self) { try route(source, "/admin%2Fx") }
        #expect(error?.code == .badRequest)
        #expect(try route(source, "/other%2Fx") == 1)
    }

    @Test(arguments: [":id([0-9]+)", "v:id", "?:id", ":id:int"])
    func `Regular expressions are named and nothing is sent`(_ segment: String) throws {
        let source = try source(routes: #"[{"path": "a/\#(segment)"}, {"path": "*"}]"#, app: true)
        let error = #expect(throws: GatewayError.self) { try route(source, "/a/1") }
        #expect(error?.code == .notImplemented)
        #expect(error?.message.contains(segment) == true)
        #expect(try route(source, "/b/1") == 1)
    }

    @Test func whatARouteNeedsAndIsNotDoneIsRefused() throws {
        let source = try source(routes: #"[{"path": "api", "body": {"a": "x"}}]"#)
        let error = #expect(throws: GatewayError.self) { try route(source, "/api") }
        #expect(error?.code == .notImplemented)
    }
}
