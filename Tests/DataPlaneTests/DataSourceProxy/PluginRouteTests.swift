import Access
import Bytes
import DataPlaneAPI
import Testing

@testable import DataPlane

struct PluginRouteTests {
    private func route(_ json: JSONValue) -> PluginRoute { PluginRoute(json) }

    @Test(arguments: [
        ("api", "GET", "api/x", true), ("/api/", "GET", "api/x", true), ("api", "GET", "ap", false),
        ("", "GET", "anything", true), ("api/v1", "GET", "api", false), ("api//v1", "GET", "api/v1", true),
    ])
    func routesMatchByTheBeginningOfThePath(_ path: String, _ method: String, _ asked: String, _ matches: Bool) {
        #expect(route(["path": .string(path)]).matches(Array(asked.utf8), method: method) == matches)
    }

    @Test(arguments: [
        ("", "PATCH", true), ("*", "PATCH", true), ("GET", "GET", true), ("GET", "POST", false),
        ("GET,POST", "POST", true), ("GET, POST", "PUT", false),
    ])
    func routesMatchByMethod(_ methods: String, _ method: String, _ matches: Bool) {
        #expect(route(["path": "a", "method": .string(methods)]).matches(Array("a".utf8), method: method) == matches)
    }

    @Test func rolesThatAreNotKnownCountAsTheHighest() {
        #expect(route(["path": "a"]).role == nil)
        #expect(route(["path": "a", "reqRole": "Viewer"]).role == .viewer)
        #expect(route(["path": "a", "reqRole": "Boss"]).role == .admin)
        #expect(route(["path": "a", "reqAction": "x:y"]).role == .admin)
    }

    @Test func `what is not done is named`() {
        #expect(route(["path": "a", "body": ["x": "y"]]).unsupported == "body")
        #expect(route(["path": "a", "body": [:], "authType": ""]).unsupported == nil)
        #expect(route(["path": "a", "tokenAuth": ["url": "x"]]).unsupported == nil)
    }

    @Test func theRestOfAPathIsCutByItsSpelling() throws {
        let route = route(["path": "/api/v1", "url": "https://x"])
        #expect(String(decoding: try route.rest(of: Array("api/v1/q%2F1".utf8)[...]), as: UTF8.self) == "/q%2F1")
        #expect(try route.rest(of: Array("api/v1".utf8)[...]).isEmpty)
        for other in ["api%2Fv1/q", "%61pi/v1", "api//v1/q"] {
            #expect(throws: GatewayError.self) { try route.rest(of: Array(other.utf8)[...]) }
        }
    }

    private func path(_ text: String) throws -> ProxyPath {
        try ProxyPath(CanonicalPath("/apis/g/v/namespaces/n/datasources/d/proxy" + text), from: 8)
    }

    @Test(arguments: [
        ("", "", ""), ("/", "", ""), ("/a", "a", "a"), ("/a/", "a/", "a"), ("//a//b", "a//b", "a/b"),
        ("/%61/b%2Fc", "%61/b%2Fc", "a/b/c"), ("/admin/proxy/settings", "admin/proxy/settings", "admin/proxy/settings"),
        ("/a..b/...", "a..b/...", "a..b/..."),
    ])
    func pathsGoOnAsTheyCameAndAreComparedDecoded(_ text: String, _ raw: String, _ plain: String) throws {
        let path = try path(text)
        #expect(String(decoding: path.raw, as: UTF8.self) == raw)
        #expect(String(decoding: path.plain, as: UTF8.self) == plain)
    }

    @Test(arguments: ["/a%2F..%2Fb", "/..%2Fb", "/a%2f.%2fb", "/a%5C..%5Cb", "/a%2F%2e%2e"])
    func dotSegmentsBehindEncodedSlashesAreRefused(_ text: String) {
        #expect(throws: GatewayError.self) { try path(text) }
    }
}
