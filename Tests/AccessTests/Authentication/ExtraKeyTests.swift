import Testing

@testable import Access

/// Keys of extra facts in names of header fields.
struct ExtraKeyTests {
    @Test(arguments: [
        ("authentication.kubernetes.io%2fcredential-id", "authentication.kubernetes.io/credential-id"),
        ("a%zz", "a%zz"), ("a%2", "a%2"), ("%ff", "%ff"), ("a+b", "a+b"),
    ])
    func `escapes are resolved, and broken ones stay as they are`(text: String, key: String) {
        #expect(ExtraKey.decode(text) == key)
    }

    @Test(arguments: [
        ("scopes", "scopes"), ("a/b%c", "a%2Fb%25c"), ("!#$&'*+-.^_`|~", "!#$&'*+-.^_`|~"), ("\u{e9} ", "%C3%A9%20"),
    ])
    func `all but the characters of a name is escaped`(key: String, text: String) {
        #expect(ExtraKey.encode(key) == text && ExtraKey.decode(text) == key)
    }
}
