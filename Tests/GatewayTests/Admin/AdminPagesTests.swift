import Testing

@testable import Gateway

@Suite struct AdminPagesTests {
    @Test func queryFieldsAreDecoded() {
        let fields = AdminPages.fields("method=GET&path=%2Fapis%2Fa%2520b&empty=&bare")
        #expect(fields["method"] == "GET")
        #expect(fields["path"] == "/apis/a%20b")
        #expect(fields["empty"] == "")
        #expect(fields["bare"] == "")
    }

    @Test(arguments: ["/apis/x/y?z=1", "/a b/ü", "/%2e%2e/", "plain"])
    func whatTheClientEscapesTheServerReads(path: String) {
        #expect(AdminPages.fields("path=\(AdminClient.escape(path))")["path"] == path)
    }
}
