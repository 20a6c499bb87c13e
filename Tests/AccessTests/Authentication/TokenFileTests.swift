import DataPlaneAPI
import Testing

@testable import Access

/// Token files are read as Kubernetes reads them, and faults name the line and never the token.
struct TokenFileTests {
    private func user(_ text: String, _ token: String) throws -> User? {
        Array(token.utf8).withUnsafeBytes { bytes in
            (try? TokenFile.parse(text, path: "tokens.csv"))?.user(bytes)
        }
    }

    @Test func `three columns are enough`() throws {
        let user = try #require(try user("t0ken,ann,u-1\n", "t0ken"))
        #expect(user == User(name: "ann", uid: "u-1", groups: ["system:authenticated"]))
    }

    @Test func `groups stand in a quoted column`() throws {
        let user = try #require(try user("a,b,c\n\nt,ann,1,\"dev, ops,,system:masters\"\r\n", "t"))
        #expect(user.groups == ["dev", "ops", "system:masters", "system:authenticated"])
    }

    @Test func `one group needs no quotes, and quotes may hold quotes`() throws {
        #expect(try user("t,ann,1,dev", "t")?.groups == ["dev", "system:authenticated"])
        #expect(try user("\"t\"\"x\",\"an,n\",1", "t\"x")?.name == "an,n")
    }

    @Test func `the last of equal tokens wins, and others are unknown`() throws {
        #expect(try user("t,ann,1\nt,bob,2\n", "t")?.name == "bob")
        #expect(try user("t,ann,1\n", "T") == nil)
        #expect(try user("t,ann,1\n", "") == nil)
    }

    @Test(arguments: [
        ("secret-token,ann", "tokens.csv:1: has 2 columns"), ("a,b,c\nsecret-token,ann\n", "tokens.csv:2"),
        (",ann,1", "token is empty"), ("secret-token,,1", "user name is empty"),
        ("secret-token,\"ann,1", "quoted column has no end"), ("secret-token,\"ann\"x,1", "quoted column"),
    ])
    func `a fault names its line and no token`(text: String, expected: String) {
        let error = #expect(throws: GatewayError.self) { try TokenFile.parse(text, path: "tokens.csv") }
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("secret-token") == false)
    }

    @Test func `names with another meaning can't state a user`() {
        #expect(RequestHeaderNames.fault("X-Remote-User") == nil)
        for name in ["", "Authorization", "cookie", "X User", "X_User", "Content-Length", "X-Forwarded-For"] {
            #expect(RequestHeaderNames.fault(name) != nil, "\(name)")
        }
    }
}
