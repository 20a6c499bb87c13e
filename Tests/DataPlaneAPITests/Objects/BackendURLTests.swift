import Testing

@testable import DataPlaneAPI

struct BackendURLTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:9100/base", false, "127.0.0.1", 9100, "127.0.0.1:9100", "/base"),
            ("https://backend.example.org", true, "backend.example.org", 443, "backend.example.org", ""),
            ("http://h/", false, "h", 80, "h", ""), ("http://h/a/b/", false, "h", 80, "h", "/a/b"),
            ("https://[::1]:8443/x", true, "::1", 8443, "[::1]:8443", "/x"),
            ("http://[::1]", false, "::1", 80, "[::1]", ""),
            ("http://H_1.x:65535", false, "H_1.x", 65_535, "H_1.x:65535", ""),
        ] as [(String, Bool, String, Int, String, String)])
    func `a URL is taken apart`(
        _ text: String, _ isSecure: Bool, _ host: String, _ port: Int, _ authority: String, _ path: String
    ) throws {
        let url = try BackendURL(text)
        #expect(url.isSecure == isSecure && url.host == host && url.port == port)
        #expect(url.authority == authority && url.basePath == path)
    }

    @Test(arguments: [
        "", ":// bad", "ftp://x", "HTTP://x", "//x", "http://", "http:///x", "http://:80", "http://u@h",
        "http://u:p@h/",
        "http://h?q", "http://h/#f", "http://h/ x", "http://h\\x", "http://hé", "http://h:", "http://h:0",
        "http://h:65536",
        "http://h:-1", "http://h:+80", "http://h:8x", "http://h:99999999999999999999", "http://[::1", "http://[::1]x",
        "http://[::1]80", "http://[]", "http://[abc]", "http://::1", "http://a:b:c", "http://h//x", "http://h/../x",
        "http://h/./x", "http://h%41", "http://h\u{0}", "http://" + String(repeating: "h", count: 2_048),
    ])
    func `what isn't a base URL is refused with a reason`(_ text: String) throws {
        let fault = try #require(throws: BackendURL.Fault.self) { try BackendURL(text) }
        #expect(!fault.message.isEmpty)
    }
}
