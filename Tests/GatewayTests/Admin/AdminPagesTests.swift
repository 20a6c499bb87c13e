import Bytes
import DataPlaneAPI
import Testing

@testable import Gateway

@Suite struct AdminPagesTests {
    @Test(arguments: ["/apis/x/y?z=1", "/a b/ü", "/%2e%2e/", "plain", "/a+b", "/a%zz"])
    func whatTheClientEscapesTheServerReads(path: String) throws {
        let asked = try AdminPages.asked(QueryText("method=GET&path=\(Percent.encode(path))".utf8))
        #expect(asked.method == "GET" && asked.path == path)
    }

    @Test(arguments: [
        ("method=GET", "explain takes"), ("path=/a", "explain takes"), ("", "explain takes"),
        ("method=GET&path=/a%zz", "the query parameter path has a %"),
        ("method=%&path=/a", "the query parameter method has a %"),
    ])
    func whatIsMissingOrCannotBeReadIsRefused(query: String, message: String) {
        let error = #expect(throws: GatewayError.self) { try AdminPages.asked(QueryText(query.utf8)) }
        #expect(error?.code == .badRequest && error?.message.hasPrefix(message) == true)
    }
}
