import Testing

@testable import Bytes

struct URLTextTests {
    @Test func `a URL is told apart`() {
        let url = URLText("HTTPS://u:p@h:8443/a/b?q=1?#f#?")
        #expect(url.scheme == "HTTPS" && url.authority.text == "u:p@h:8443" && url.authority.hasUser)
        #expect(url.path == "/a/b" && url.query == "q=1?" && url.fragment == "f#?")
        let bare = URLText("h")
        #expect(bare.scheme == nil && bare.authority.host == "h" && bare.authority.port == .none)
        #expect(bare.path == "" && bare.query == nil && bare.fragment == nil)
        let query = URLText("http://h?x=/y")
        #expect(query.authority.text == "h" && query.path == "" && query.query == "x=/y")
        #expect(URLText("://h").scheme == "" && URLText("http:///p").authority.fault == .noHost)
    }

    @Test(
        arguments: [
            ("h", "h", .none), ("H_1-x.y:65535", "H_1-x.y", .number(65_535)), ("[::1]", "::1", .none),
            ("[fd00::a.b]:80", "fd00::a.b", .number(80)), ("h:", "h", .empty), ("h:0", "h", .bad), ("h:+80", "h", .bad),
            ("h:8x", "h", .bad), ("h:65536", "h", .bad), ("h:99999999999999999999", "h", .bad),
            ("h:0080", "h", .number(80)),
            ("a:b:c", "a", .bad),
        ] as [(String, String, URLAuthority.Port)])
    func `host and port are told apart`(text: String, host: String, port: URLAuthority.Port) {
        let authority = URLAuthority(text[...])
        #expect(authority.host == host && authority.fault == nil && authority.port == port)
    }

    @Test(
        arguments: [
            ("", .noHost), (":80", .noHost), ("[]", .noHost), ("::1", .noHost), ("a b", .badName), ("h%41", .badName),
            ("é", .badName), ("u@h", .badName), ("[::1", .openBracket), ("[", .openBracket),
            ("[::1]x", .textAfterBracket),
            ("[abc]", .noAddress), ("[fe80::1%25eth0]", .noAddress),
        ] as [(String, URLAuthority.Fault)])
    func `what is wrong with a host is said`(text: String, fault: URLAuthority.Fault) {
        #expect(URLAuthority(text[...]).fault == fault)
    }

    @Test func `the port is the usual one where nothing is said`() {
        #expect(URLAuthority("h").port(or: 443) == 443 && URLAuthority("h:1").port(or: 443) == 1)
        #expect(URLAuthority("h:").port(or: 443) == nil && URLAuthority("h:x").port(or: 443) == nil)
    }
}
