import Testing

@testable import HTTPKit
@testable import Origins

struct CertificateNamesTests {
    @Test(arguments: [
        ("a.example", "a.example", true), ("A.Example", "a.eXAMPLE", true), ("a.example", "a.example.", true),
        ("*.example.org", "a.example.org", true), ("*.example.org", "example.org", false),
        ("*.example.org", "a.b.example.org", false), ("*.example.org", ".example.org", false),
        ("*.org", "a.org", false),
        ("a*.example.org", "ab.example.org", false), ("*", "a", false), ("", "", false),
        ("a.example", "b.example", false),
        ("*.example.org", "*.example.org", true),
    ])
    func namesMatchByWholeLabels(_ pattern: String, _ host: String, _ matches: Bool) {
        #expect(CertificateNames.matches(Array(pattern.utf8), Array(host.utf8)) == matches)
    }
}
