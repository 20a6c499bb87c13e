/// Who makes a request, in Kubernetes' terms.
package struct User: Sendable, Hashable {
    /// The name that rules and logs use.
    package var name: String
    /// Tells apart users that had the same name at different times; may be empty.
    package var uid: String
    /// The groups the user belongs to.
    package var groups: [String]
    /// What else the authenticator knew, by lower-case key.
    package var extra: [String: [String]]

    /// Creates a user.
    package init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.name = name
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// The role that Grafana's plugins and routes see: who may do everything is an administrator.
    package var role: OrgRole { groups.contains(Self.masters) ? .admin : .viewer }

    /// The group that may do everything.
    package static let masters = "system:masters"
    /// The group of everybody who was authenticated.
    package static let authenticated = "system:authenticated"
    /// The group of everybody who was not.
    package static let unauthenticated = "system:unauthenticated"

    /// Somebody without a credential.
    package static let anonymous = User(name: "system:anonymous", groups: [unauthenticated])
    /// Somebody on this machine while no authentication is configured.
    package static let firstRun = User(name: "system:first-run", groups: [masters])

    /// The same user, in the group of the authenticated.
    package var asAuthenticated: User {
        guard name != Self.anonymous.name, !groups.contains(Self.authenticated),
            !groups.contains(Self.unauthenticated)
        else { return self }
        var user = self
        user.groups.append(Self.authenticated)
        return user
    }
}
