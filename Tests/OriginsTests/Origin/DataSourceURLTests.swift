import DataPlaneAPI
import HTTPKit
import Testing

@testable import Origins

struct DataSourceURLTests {
    @Test(arguments: [
        ("http://prom:9090", false, "prom", 9090, "", "prom:9090"),
        ("https://prom", true, "prom", 443, "", "prom"),
        ("http://prom:80/", false, "prom", 80, "/", "prom"),
        ("HTTPS://a.b-c_d:8443/x/y?q=1#f", true, "a.b-c_d", 8443, "/x/y", "a.b-c_d:8443"),
        ("prom:9090/base", false, "prom", 9090, "/base", "prom:9090"),
        ("http://[::1]:9090/a", false, "::1", 9090, "/a", "[::1]:9090"),
        ("http://prom:?x", false, "prom", 80, "", "prom"),
        ("https://[fd00::1]", true, "fd00::1", 443, "", "[fd00::1]"),
    ])
    func urlsAreTakenApart(
        _ text: String, _ isTLS: Bool, _ host: String, _ port: Int, _ path: String, _ field: String
    ) throws {
        let url = try DataSourceURL(text)
        #expect(url.isTLS == isTLS)
        #expect(url.origin == Origin(host: host, port: port))
        #expect(url.path == path)
        #expect(url.hostField == field)
    }

    @Test(arguments: [
        "", "ftp://a", "http://", "http:///x", "http://:80", "http://a:0", "http://a:65536", "http://a:8x",
        "http://user:pass@host", "http://a b", "http://a\r\nX: y", "http://[::1", "http://[::1]x", "http://a\\b",
        "http://[fe80::1%25eth0]", "http://[abc]", "http://a%2fb", "http://é", "file:///etc/passwd", "http://a:+80",
    ])
    func otherURLsAreRefused(_ text: String) {
        let error = #expect(throws: GatewayError.self) { try DataSourceURL(text) }
        #expect(error?.code == .badRequest)
        #expect(error?.message.hasPrefix("Invalid data source URL: ") == true)
        #expect(error?.message.contains("pass@") != true)
    }

    @Test(arguments: [
        ("", "", "/"), ("/", "", "/"), ("", "api", "/api"), ("/", "api", "/api"), ("/p", "api", "/p/api"),
        ("/p/", "api", "/p/api"), ("/p/", "", "/p/"), ("/p", "", "/p"), ("/p/", "/api/", "/p/api/"),
        ("/p", "a%2Fb", "/p/a%2Fb"),
    ])
    func pathsAreJoinedWithOneSlash(_ base: String, _ rest: String, _ joined: String) {
        #expect(String(decoding: DataSourceURL.join(base.utf8, rest.utf8), as: UTF8.self) == joined)
    }
}
