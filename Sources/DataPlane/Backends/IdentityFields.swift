import Access
import DataPlaneAPI
import HTTPKit

/// States the user to a backend in the headers that kube-aggregator uses.
///
/// A backend believes them because it knows the gateway, by its client certificate or by its address.
enum IdentityFields {
    /// `X-Remote-User`, `-Uid`, and one `-Group` and `-Extra-<key>` for each value.
    ///
    /// - Throws: 403 for a user whose name or groups can't stand in a header: changed ones would be somebody else's.
    static func fields(_ user: User) throws(GatewayError) -> HeaderBlock {
        var out = HeaderBlock()
        try add("X-Remote-User", user.name, to: &out)
        if !user.uid.isEmpty { try add("X-Remote-Uid", user.uid, to: &out) }
        for group in user.groups { try add("X-Remote-Group", group, to: &out) }
        for key in user.extra.keys.sorted() {
            let name = "X-Remote-Extra-" + ExtraKey.encode(key)
            for value in user.extra[key] ?? [] { try add(name, value, to: &out) }
        }
        return out
    }

    /// Who is stated: nobody was recognised while no authentication is configured, whatever they may do here.
    static func stated(_ user: User?) -> User {
        guard let user, user.name != User.firstRun.name else { return .anonymous }
        return user
    }

    private static func add(_ name: String, _ value: String, to out: inout HeaderBlock) throws(GatewayError) {
        let bytes = value.utf8
        let blanks: [UInt8?] = [0x20, 0x09]
        guard bytes.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }), !blanks.contains(bytes.first),
            !blanks.contains(bytes.last)
        else {
            throw GatewayError(
                .forbidden,
                "the backend can't be told who you are: \(name) would hold a control character, or a blank at one end")
        }
        out.add(name, value)
    }
}
