import DataPlaneAPI
import HTTPKit

/// Believes the user headers of a front proxy that showed a certificate of the right authority.
package final class RequestHeaderAuthenticator: Authenticator {
    private let names: RequestHeaderNames

    /// An authenticator for one event loop.
    package init(names: RequestHeaderNames) {
        self.names = names
    }

    /// Reads the headers, if the certificate allows.
    package func known(_ exchange: Exchange) -> Authentication? {
        guard let certificate = exchange.peer.certificate as? ClientCertificate else { return .unrecognised }
        switch certificate.frontProxy {
        case .notAsked: return .unrecognised
        case .refused(let why):
            // The client authority may know it; if nobody does, this is why.
            return .refused(why: why)
        case .valid: break
        }
        let headers = exchange.request.headers
        guard let name = first(headers, names.user) else { return .unrecognised }
        var user = User(name: name, uid: first(headers, names.uid) ?? "")
        user.groups = names.group.flatMap { values(headers, $0) }
        for prefix in names.extraPrefix { addExtra(headers, prefix, to: &user) }
        return .user(user.asAuthenticated)
    }

    private func first(_ headers: HeaderBlock, _ names: [String]) -> String? {
        for name in names { if let value = values(headers, name).first { return value } }
        return nil
    }

    /// The values that aren't empty; a name with `_` for `-` is another header here.
    private func values(_ headers: HeaderBlock, _ name: String) -> [String] {
        headers.fields.compactMap { field in
            guard field.known == .identity, headers.name(field).lowercased() == name.lowercased() else { return nil }
            let value = headers.value(field)
            return value.isEmpty ? nil : value
        }
    }

    private func addExtra(_ headers: HeaderBlock, _ prefix: String, to user: inout User) {
        let wanted = prefix.lowercased()
        for field in headers.fields where field.known == .identity {
            let name = headers.name(field).lowercased()
            guard name.hasPrefix(wanted) else { continue }
            let key = ExtraKey.decode(String(name.dropFirst(wanted.count)))
            user.extra[key, default: []].append(headers.value(field))
        }
    }
}
