import DataPlaneAPI
import PluginBridge
import PluginProtocol

/// What requests of one route about one data source, or one app, in one namespace have in common.
///
/// Made by the first of them, on its loop.
final class PreparedSubject {
    /// What the data source proxy passes requests on to.
    enum Proxied {
        case source(DataSource)
        case app(AppPlugin?, orgID: Int)
    }

    /// The route; kept, so that no other one takes its place in memory.
    let route: ClaimedRoute
    /// The encoded plugin context without a user.
    let context: ContextBytes
    /// Which credentials the plugin gets.
    let forwarding: HeaderForwarding
    /// Tells the streams of different subjects apart.
    let scope: String
    /// The data source's uid; empty for others.
    let uid: String
    /// The types that queries may name.
    let acceptedTypes: [String]
    /// What the data source proxy passes requests on to.
    let proxied: Proxied
    /// The bridges for the route's limits.
    let bridges: LoopBridges.Bridges

    init(
        _ route: ClaimedRoute, context: ContextBytes, forwarding: HeaderForwarding = HeaderForwarding(), scope: String,
        uid: String = "", acceptedTypes: [String] = [], proxied: Proxied, bridges: LoopBridges.Bridges
    ) {
        self.route = route
        self.context = context
        self.forwarding = forwarding
        self.scope = scope
        self.uid = uid
        self.acceptedTypes = acceptedTypes
        self.proxied = proxied
        self.bridges = bridges
    }
}

/// The subjects of one event loop.
///
/// A client may name any number of namespaces, so there is a bound: beyond it they are made anew.
final class PreparedSubjects {
    /// As many as are kept.
    static let limit = 10_000

    private struct Key: Hashable {
        let route: ObjectIdentifier
        let namespace: String
        let uid: String
    }

    private var subjects: [Key: PreparedSubject] = [:]

    /// How many there are.
    var count: Int { subjects.count }

    /// The subject of a route, made when it is asked for first; what `make` throws isn't kept.
    ///
    /// - Parameter uid: the data source's; empty for none.
    func find(
        _ route: ClaimedRoute, namespace: String, uid: String = "",
        _ make: () throws(GatewayError) -> PreparedSubject
    ) throws(GatewayError) -> PreparedSubject {
        let key = Key(route: ObjectIdentifier(route), namespace: namespace, uid: uid)
        if let known = subjects[key] { return known }
        let made = try make()
        if subjects.count >= Self.limit { subjects = [:] }
        subjects[key] = made
        return made
    }

    /// Forgets those of routes at these places.
    func remove(_ places: Set<GroupPlace>) {
        guard !subjects.isEmpty else { return }
        subjects = subjects.filter { !places.contains($0.value.route.prepared.place) }
    }

    /// Forgets all: data sources or plugins have changed.
    func removeAll() { subjects = [:] }
}
