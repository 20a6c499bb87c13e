import Access
import Bytes
import DataPlaneAPI
import HTTPKit

/// A request that the API server answers, taken off its event loop.
struct APIRequest: Sendable {
    /// The method.
    let method: HTTPMethod
    /// The method as text.
    let methodText: String
    /// The decoded segments of the path, without an empty last one.
    let segments: [String]
    /// The query.
    let query: QueryText
    /// What the query says about indenting; nil for nothing.
    private let prettyWish: Bool?
    /// All header fields.
    let headers: HeaderBlock
    /// Who asks; nil where nobody was recognised.
    let user: User?
    /// Says what users may do.
    var authorizer: LoopAuthorizer?
    /// The body.
    var body: [UInt8] = []

    init(_ exchange: Exchange) {
        let request = exchange.request
        method = request.method
        methodText = request.methodText
        headers = request.headers
        segments = Self.segments(exchange.path)
        query = request.query
        prettyWish = request.prettyWish
        user = exchange.accessState.user
    }

    static func segments(_ path: CanonicalPath) -> [String] {
        var segments = (0..<path.count).map { path.text($0) }
        if segments.last == "" { segments.removeLast() }
        return segments
    }

    /// The first value of a query parameter.
    func parameter(_ name: String) -> String? { query[name] }
    /// All values of a query parameter.
    func parameters(_ name: String) -> [String] { query.values(name) }
    /// Whether a parameter is set: `0` and `false` mean no, anything else, also nothing at all, means yes.
    func flag(_ name: String) -> Bool {
        guard let value = parameter(name) else { return false }
        return value != "0" && value.lowercased() != "false"
    }

    /// The 400 for a parameter that we would read but can't.
    ///
    /// Kubernetes takes such a one for not given, which makes a selector with a slip in it one for everything.
    var unreadableParameter: GatewayError? {
        query.badNames.first { Self.options.contains($0) }.map { .badEscape($0) }
    }

    private static let options: Set<String> = [
        "allowWatchBookmarks", "continue", "dryRun", "fieldManager", "fieldSelector", "fieldValidation", "force",
        "includeObject", "labelSelector", "limit", "orphanDependents", "pretty", "propagationPolicy", "resourceVersion",
        "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch",
    ]

    /// The media types the client takes.
    var accept: String { headers.firstValue(.accept) ?? "" }
    /// The media type of the body without parameters, in lower case.
    var contentType: String {
        let full = headers.firstValue(.contentType) ?? ""
        return MediaType.trimmed(full.prefix { $0 != ";" }).lowercased()
    }
    /// The text of the User-Agent before the first slash.
    var agent: String {
        let full = headers.firstValue(named: "user-agent") ?? ""
        let name = String(full.prefix { $0 != "/" }.prefix(128))
        return name.isEmpty ? "unknown" : name
    }
    /// Whether the answer is indented.
    var isPretty: Bool {
        if let prettyWish { return prettyWish }
        let agent = headers.firstValue(named: "user-agent") ?? ""
        return ["curl", "Wget", "Mozilla/5.0"].contains { agent.hasPrefix($0) }
    }
}
