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
            let key = Percent.decode(String(name.dropFirst(wanted.count)))
            user.extra[key, default: []].append(headers.value(field))
        }
    }
}

/// Percent escapes in header names.
enum Percent {
    /// The decoded text; the text itself where it holds a broken escape (Kubernetes keeps it then).
    static func decode(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return text
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self) ?? text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
