import DataPlaneAPI
import HTTPKit

/// The wish to act as somebody else (Kubernetes' `Impersonate-*` headers, kubectl's `--as`).
struct Impersonation: Sendable, Equatable {
    var user = ""
    var uid = ""
    var groups: [String] = []
    var extra: [String: [String]] = [:]

    private static let extraPrefix = "impersonate-extra-"

    /// Reads the headers; nil when there is none.
    init?(_ headers: HeaderBlock) {
        var found = false
        for field in headers.fields where field.known == .identity {
            let name = headers.name(field).lowercased()
            guard name.hasPrefix("impersonate-") else { continue }
            found = true
            let value = headers.value(field)
            switch name {
            case "impersonate-user": user = value
            case "impersonate-uid": uid = value
            case "impersonate-group": groups.append(value)
            default:
                guard name.hasPrefix(Self.extraPrefix) else { continue }
                let key = ExtraKey.decode(String(name.dropFirst(Self.extraPrefix.count)))
                extra[key, default: []].append(value)
            }
        }
        guard found else { return nil }
    }

    /// What whoever asks must be allowed to do: the verb `impersonate` on every part.
    ///
    /// - Throws: 400 without a user.
    func parts() throws(GatewayError) -> [RequestInfo] {
        guard !user.isEmpty else {
            throw GatewayError(
                .badRequest, "the request impersonates groups or more without a user; add Impersonate-User")
        }
        var parts = [Self.attributes("", "users", user)]
        for group in groups { parts.append(Self.attributes("", "groups", group)) }
        let authentication = "authentication.k8s.io"
        if !uid.isEmpty { parts.append(Self.attributes(authentication, "uids", uid)) }
        for (key, values) in extra {
            for value in values {
                var wanted = Self.attributes(authentication, "userextras", value)
                wanted.subresource = key
                parts.append(wanted)
            }
        }
        return parts
    }

    /// The user that is acted as.
    var acted: User {
        let acted = User(name: user, uid: uid, groups: groups, extra: extra)
        guard user == User.anonymous.name else { return acted.asAuthenticated }
        var anonymous = acted
        anonymous.groups.append(User.unauthenticated)
        return anonymous
    }

    private static func attributes(_ group: String, _ resource: String, _ name: String) -> RequestInfo {
        var info = RequestInfo()
        info.isResource = true
        info.verb = "impersonate"
        info.group = group
        info.resource = resource
        info.name = name
        return info
    }
}

extension GatewayError {
    /// The 403 for what a user may not do, in Kubernetes' words.
    static func forbidden(user: String, _ info: RequestInfo, why: String = "") -> GatewayError {
        guard info.isResource else { return .forbidden(user: user, verb: info.verb, path: info.path) }
        let resource = info.subresource.isEmpty ? info.resource : "\(info.resource)/\(info.subresource)"
        return .forbidden(
            user: user, verb: info.verb, resource: resource, group: info.group, namespace: info.namespace,
            name: info.name, why: why)
    }
}
