import Foundation
import Testing

/// No spelling of an identity gets from a client to the upstream.
@Suite(.timeLimit(.minutes(5)))
struct IdentityTests {
    static let spellings: [String] = [
        "X-Remote-User", "x-remote-user", "X-REMOTE-USER", "X_Remote_User", "X_REMOTE_USER", "X-Remote_User",
        "x_remote-user",
        "X-Remote-Group", "X_Remote_Group", "X-Remote-Groups", "X-Remote-Uid", "X_Remote_Uid", "X-Remote-Name",
        "X-Remote-Extra-Scopes", "X-Remote-Extra-%73copes", "X_Remote_Extra_Scopes", "X-Remote-Extra-", "X-Remote-",
        "Impersonate-User", "impersonate-user", "IMPERSONATE-USER", "Impersonate_User", "IMPERSONATE_USER",
        "Impersonate-Group", "Impersonate_Group", "Impersonate-Uid", "Impersonate_Uid", "Impersonate-Extra-x",
        "Impersonate_Extra_x", "Impersonate-", "X-WEBAUTH-USER", "X-Webauth-User", "x-webauth-user", "X_WEBAUTH_USER",
        "X-WebAuth-Role", "X_WebAuth_Role", "X-WEBAUTH-GROUPS", "X-WEBAUTH-NAME", "X-WEBAUTH-EMAIL", "X_Webauth-Email",
    ]

    private static func expectNothing(_ got: Upstream.Recorded, _ name: String) {
        let plain = name.lowercased().replacingOccurrences(of: "_", with: "-")
        let found = got.fields.filter { $0.name.lowercased().replacingOccurrences(of: "_", with: "-") == plain }
        #expect(found.isEmpty, "\(got.head)")
        #expect(!got.head.contains("root-by-header"), "\(got.head)")
    }

    @Test(arguments: spellings)
    func `a spelling of an identity header is stripped everywhere`(name: String) throws {
        let field = "\(name): root-by-header\r\n"
        Self.expectNothing(
            try PassThroughTests.arrival("GET /i?MARK HTTP/1.1\r\nHost: a\r\n\(field)\(field)\r\n"), name)
        Self.expectNothing(try PassThroughTests.arrival("GET /i?MARK HTTP/1.0\r\n\(field)\r\n"), name)
        Self.expectNothing(
            try PassThroughTests.arrival("GET /i?MARK HTTP/1.1\r\nHost: a\r\nConnection: \(name)\r\n\(field)\r\n"), name
        )
        Self.expectNothing(
            try PassThroughTests.arrival(
                "GET /ws?MARK HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\(field)\r\n"), name)
        let chunked = try PassThroughTests.arrival(
            "POST /i?MARK HTTP/1.1\r\nHost: a\r\nTrailer: \(name)\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(field)\r\n"
        )
        #expect(chunked.trailers.isEmpty)
        #expect(!chunked.head.contains("root-by-header"))
    }

    @Test func `an answer's trailers bring no identity either`() throws {
        let answer = try Shared.proxy.get().request("GET", "/chunked", [("TE", "trailers")])
        #expect(answer.text == "onetwothree")
        #expect(answer.trailers.map(\.name) == ["X-Sum"])
    }
}
