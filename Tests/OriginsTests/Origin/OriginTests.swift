import DataPlaneAPI
import Testing

@testable import HTTPKit
@testable import Origins

/// How the setting `upstream` is written.
struct OriginTests {
    @Test(arguments: [
        ("http://a", "a", 80, "", "a:80"), ("http://a:3000/", "a", 3000, "", "a:3000"),
        ("HTTP://[::1]:3000", "::1", 3000, "", "[::1]:3000"),
        ("http://a:3000/grafana", "a", 3000, "/grafana", "a:3000/grafana"),
        ("http://a:3000/grafana/", "a", 3000, "/grafana", "a:3000/grafana"),
        ("http://a/x-y/z.1_~", "a", 80, "/x-y/z.1_~", "a:80/x-y/z.1_~"),
    ])
    func `an address may have a path`(url: String, host: String, port: Int, base: String, text: String) throws {
        let endpoint = try Origin(url: url, setting: "upstream")
        #expect(endpoint.host == host && endpoint.port == port && endpoint.basePath == base)
        #expect(endpoint.socket == nil && endpoint.text == text)
        #expect(String(decoding: endpoint.target("/api/x"), as: UTF8.self) == "\(base)/api/x")
    }

    @Test(arguments: [
        ("unix:/run/grafana.sock", "/run/grafana.sock", ""), ("unix:///run/g.sock", "/run/g.sock", ""),
        ("unix:/run/g.sock:/grafana/", "/run/g.sock", "/grafana"),
    ])
    func `a Unix socket is an address too`(url: String, socket: String, base: String) throws {
        let endpoint = try Origin(url: url, setting: "upstream")
        #expect(endpoint.socket == socket && endpoint.basePath == base)
        #expect(endpoint.text.hasPrefix("unix:\(socket)"))
    }

    @Test func `https is spoken TLS with, on its own port`() throws {
        let origin = try Origin(url: "https://a/grafana", setting: "upstream")
        #expect(
            origin.host == "a" && origin.port == 443 && origin.basePath == "/grafana" && origin.tls?.verifies == true)
        #expect(try Origin(url: "HTTPS://a:3000", setting: "upstream").port == 3000)
        #expect(try Origin(url: "http://a", setting: "upstream").tls == nil)
    }

    @Test(arguments: [
        "", "grafana:3000", "ftp://a", "https://u@a", "http://", "http:///x", "http://a/x?y", "http://a?x",
        "http://u@a",
        "http://a:x", "http://a:", "http://a:+80", "http://[::1", "http://[a]", "http://a b", "http://[::1]x",
        "http://a/%67rafana", "http://a//x", "http://a/x//y", "http://a/../x", "http://a/.", "http://a/x;y",
        "http://a/x y",
        "http://a/apis", "http://a/apis/x", "http://a/api", "http://a/version", "unix:", "unix:grafana.sock", "unix:/",
        "unix:/a:b", "unix:/a:/x//y",
    ])
    func `what could be read in more ways than one is refused`(url: String) {
        #expect(throws: GatewayError.self) { try Origin(url: url, setting: "upstream") }
    }
}
