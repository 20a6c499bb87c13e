/// Grafana's roles in an organisation, each with the rights of the ones before.
package enum OrgRole: Int, Sendable, Comparable {
    case none, viewer, editor, admin

    /// Whether one has fewer rights.
    package static func < (left: OrgRole, right: OrgRole) -> Bool { left.rawValue < right.rawValue }

    /// Reads a role as Grafana writes it; nil for another text.
    package init?(_ text: String) {
        switch text {
        case "None": self = .none
        case "Viewer": self = .viewer
        case "Editor": self = .editor
        case "Admin", "Grafana Admin": self = .admin
        default: return nil
        }
    }

    /// The role as Grafana writes it.
    package var text: String {
        switch self {
        case .none: "None"
        case .viewer: "Viewer"
        case .editor: "Editor"
        case .admin: "Admin"
        }
    }
}
