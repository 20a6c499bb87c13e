import Access
import Bytes
import DataPlaneAPI

/// One entry of `routes` in plugin.json: how requests below a path of the data source proxy go on.
struct PluginRoute: Sendable {
    /// A name and the template of its value.
    struct Pair: Sendable {
        let name: String
        let content: String
    }

    /// The beginning of the paths it is for, as written; the pattern of the paths where it is an app's.
    let path: String
    /// The pattern, for apps.
    let pattern: AppRoutePattern
    /// The methods it is for; empty for all.
    let methods: [String]
    /// The template of the URL that replaces the data source's; empty to keep that.
    let url: String
    /// Header fields that are set.
    let headers: [Pair]
    /// Parameters that are added to the query.
    let urlParams: [Pair]
    /// The least role that may use it; nil for every user.
    let role: OrgRole?
    /// How its requests get an access token; nil for none.
    let token: RouteToken?
    /// What the route asks for and the gateway doesn't do.
    let unsupported: String?

    /// Reads an entry.
    init(_ json: JSONValue) {
        path = json["path"]?.asString ?? ""
        pattern = AppRoutePattern(path)
        // Grafana's documentation speaks of a list; its code compares the whole text, so that a list matches nothing.
        let listed = (json["method"]?.asString ?? "").split { $0 == "," || $0 == " " }.map(String.init)
        methods = listed.contains("*") ? [] : listed
        url = json["url"]?.asString ?? ""
        headers = Self.pairs(json["headers"])
        urlParams = Self.pairs(json["urlParams"])
        // A role or a permission that isn't known is taken for the highest one.
        let wanted = json["reqRole"]?.asString ?? ""
        let action = json["reqAction"]?.asString ?? ""
        role = wanted.isEmpty ? (action.isEmpty ? nil : .admin) : (OrgRole(wanted) ?? .admin)
        token = RouteToken(json)
        let hasBody = json["body"].map { !$0.isNull && $0.asObject?.isEmpty != true && $0.asString != "" } ?? false
        unsupported = hasBody ? "body" : nil
    }

    private static func pairs(_ list: JSONValue?) -> [Pair] {
        (list?.asArray ?? []).compactMap { pair in
            pair["name"]?.asString.map { Pair(name: $0, content: pair["content"]?.asString ?? "") }
        }
    }

    /// Whether the route of a data source is for a request.
    ///
    /// - Parameter path: as `ProxyPath.plain`.
    func matches(_ path: [UInt8], method: String) -> Bool { takes(method) && path.starts(with: plainPath) }

    /// Whether the route of an app is for a request.
    ///
    /// - Parameter segments: as `ProxyPath.segments`.
    func matches(app segments: [ArraySlice<UInt8>], method: String) -> Bool {
        takes(method) && pattern.matches(segments)
    }

    private func takes(_ method: String) -> Bool { methods.isEmpty || methods.contains(method) }

    /// The path without slashes at its ends, the form that is compared.
    private var plainPath: [UInt8] {
        Array(path.split(separator: "/").joined(separator: "/").utf8)
    }

    /// What is left of a raw path behind the route's.
    ///
    /// - Throws: 400 when the path is written in another way, so that there is no telling what is left.
    func rest(of raw: ArraySlice<UInt8>) throws(GatewayError) -> ArraySlice<UInt8> {
        let prefix = path.drop { $0 == "/" }.utf8
        guard raw.starts(with: prefix) else {
            if raw.elementsEqual(plainPath) { return [] }
            throw GatewayError(
                .badRequest,
                "the path begins with the plugin's route \"\(path)\" in another spelling; write it as there")
        }
        return raw.dropFirst(prefix.count)
    }
}
