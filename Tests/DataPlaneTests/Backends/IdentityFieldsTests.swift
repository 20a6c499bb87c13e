import Access
import DataPlaneAPI
import HTTPKit
import Testing

@testable import DataPlane

@Suite struct IdentityFieldsTests {
    private func text(_ user: User) throws -> [String] {
        let block = try IdentityFields.fields(user)
        return block.fields.map { "\(block.name($0)): \(block.value($0))" }
    }

    @Test func `a user is stated with groups in order and escaped keys`() throws {
        let user = User(
            name: "ann@example.org", uid: "7", groups: ["g 1", "gruppe-ä"],
            extra: ["scopes": ["a", "b"], "example.org/key %": ["v"]])
        #expect(
            try text(user) == [
                "X-Remote-User: ann@example.org", "X-Remote-Uid: 7", "X-Remote-Group: g 1", "X-Remote-Group: gruppe-ä",
                "X-Remote-Extra-example.org%2Fkey%20%25: v", "X-Remote-Extra-scopes: a", "X-Remote-Extra-scopes: b",
            ])
    }

    @Test(arguments: [
        User(name: "ann\r\nX-Remote-Group: system:masters"), User(name: "ann\0"), User(name: " ann"),
        User(name: "ann", groups: ["g\n"]), User(name: "ann", uid: "\u{7F}"), User(name: "ann", extra: ["k": ["v "]]),
    ])
    func `a user who would become somebody else is not stated`(user: User) {
        let error = #expect(throws: GatewayError.self) { try IdentityFields.fields(user) }
        #expect(error?.code == .forbidden)
    }

    @Test func `nobody is vouched for before somebody has signed in`() {
        #expect(IdentityFields.stated(nil) == .anonymous)
        #expect(IdentityFields.stated(.firstRun) == .anonymous)
        #expect(IdentityFields.stated(User(name: "ann")).name == "ann")
    }
}
