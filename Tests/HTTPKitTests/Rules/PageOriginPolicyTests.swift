import Testing

@testable import HTTPKit

/// Which pages may listen.
struct PageOriginPolicyTests {
    @Test(arguments: [
        ("http://localhost:8080", "localhost:8080"), ("https://grafana.example", "grafana.example"),
        ("https://grafana.example", "grafana.example:443"), ("https://grafana.example:443", "grafana.example"),
        ("http://GRAFANA.example", "grafana.EXAMPLE:80"), ("http://[::1]:3000", "[::1]:3000"),
    ])
    func `pages of the same host and port are our own`(origin: String, host: String) {
        #expect(PageOriginPolicy().allows(origin: origin, host: host))
    }

    @Test(arguments: [
        ("http://localhost:8081", "localhost:8080"), ("http://evil.example", "grafana.example"),
        ("https://grafana.example.evil", "grafana.example"), ("http://grafana.example", "grafana.example:443"),
        ("null", "grafana.example"), ("", "grafana.example"), ("file://", "grafana.example"),
        ("https://grafana.example@evil.example", "grafana.example"), ("https://*.example", "grafana.example"),
        ("https://grafana.example:99999", "grafana.example"), ("https://grafana.example/", "grafana.example"),
        ("chrome-extension://grafana.example", "grafana.example"), ("https://grafana.example:+443", "grafana.example"),
    ])
    func `other pages are not`(origin: String, host: String) {
        #expect(!PageOriginPolicy().allows(origin: origin, host: host))
    }

    @Test func `without an Origin it is no page, and without a Host nothing is our own`() {
        #expect(PageOriginPolicy().allows(origin: nil, host: nil))
        #expect(!PageOriginPolicy().allows(origin: "http://a", host: nil))
    }

    @Test func `over TLS a page that came without it is foreign`() {
        #expect(!PageOriginPolicy().allows(origin: "http://a:443", host: "a:443", isTLS: true))
        #expect(PageOriginPolicy().allows(origin: "https://a", host: "a", isTLS: true))
    }

    @Test func `listed origins are allowed exactly, with a pattern for hosts below a domain, or all`() {
        let policy = PageOriginPolicy(allowing: [
            "https://a.example:8443", "https://*.corp.example", "nonsense", "ftp://x",
        ])
        #expect(policy.allows(origin: "https://a.example:8443", host: "b"))
        #expect(policy.allows(origin: "https://x.y.corp.example", host: "b"))
        for foreign in ["https://a.example", "http://x.corp.example", "https://corp.example", "https://xcorp.example"] {
            #expect(!policy.allows(origin: foreign, host: "b"))
        }
        #expect(PageOriginPolicy(allowing: ["*"]).allows(origin: "null", host: nil))
        #expect(PageOriginPolicy.isValid("https://*.corp.example") && !PageOriginPolicy.isValid("corp.example"))
    }
}
