import APIServer
import DataPlaneAPI

/// What is claimed below `/apis/<group>/<version>`: compiled once, and the same in every table until one of its objects
/// changes.
final class GroupRoutes: Sendable {
    let place: GroupPlace
    /// The name and the creation time of the oldest object here: groups are shown in that order.
    let oldest: (time: String, name: String)
    /// Routes below a data source, by type.
    let source: Slots
    /// Routes below the instance of an app plugin, by type.
    let app: Slots
    /// Routes below the group and version alone, by type.
    let plugin: Slots
    /// Routes with a path of their own, in the order they are tried.
    let routes: [ClaimedRoute]
    /// Whether streams lead here.
    let hasStreams: Bool
    /// Whether some route goes to a server that its object names.
    let namesServers: Bool
    /// Who lost against whom.
    let conflicts: [RouteConflict]
    /// By the loser: the first that it lost.
    let firstConflicts: [String: RouteConflict]
    private let gates: ConcurrencyGates

    /// Compiles the routes of the objects of one group and version; the oldest object (creation time, then name) gets a
    /// route that several claim.
    ///
    /// Nil when nothing is claimed.
    ///
    /// - Parameters:
    ///   - previous: the routes before, whose counts of requests under way go on.
    ///   - defaults: what bounds requests where an object says nothing.
    init?(
        _ place: GroupPlace, _ services: [DataPlaneService], after previous: GroupRoutes?,
        defaults: EffectiveLimits.Defaults
    ) {
        let claiming = services.compactMap { service in RouteBackend(service).map { (service, $0) } }.sorted {
            ($0.0.metadata.creationTimestamp, $0.0.metadata.name)
                < ($1.0.metadata.creationTimestamp, $1.0.metadata.name)
        }
        guard let first = claiming.first?.0 else { return nil }
        self.place = place
        oldest = (first.metadata.creationTimestamp, first.metadata.name)
        gates = ConcurrencyGates(after: previous?.gates)
        var claims = Claims()
        var conflicts: [RouteConflict] = []
        for (service, backend) in claiming {
            for offered in service.spec.services {
                guard let type = offered.serviceType, RouteTable.served.contains(type) else { continue }
                if type == .route, offered.routeClaim == nil { continue }
                let route = ClaimedRoute(
                    service, offered, backend: backend, claim: offered.routeClaim, gates: gates, defaults: defaults)
                guard let winner = claims.add(route), winner.objectName != route.objectName else { continue }
                conflicts.append(
                    RouteConflict(
                        objectName: route.objectName, winner: winner.objectName,
                        route: type == .route ? "route \(route.pathPattern)" : "\(type.rawValue) of \(place)"))
            }
        }
        source = claims.source
        app = claims.app
        plugin = claims.plugin
        routes = claims.routes
        hasStreams = source[.stream] != nil || app[.stream] != nil
        namesServers = claiming.contains { if case .http = $0.1 { true } else { false } }
        self.conflicts = conflicts
        firstConflicts = Dictionary(conflicts.map { ($0.objectName, $0) }) { first, _ in first }
    }

    /// One place per service type.
    struct Slots: Sendable {
        private var routes = [ClaimedRoute?](repeating: nil, count: ServiceType.allCases.count)

        subscript(type: ServiceType) -> ClaimedRoute? {
            get { routes[Self.index(type)] }
            set { routes[Self.index(type)] = newValue }
        }

        var all: [ClaimedRoute] { routes.compactMap { $0 } }

        private static func index(_ type: ServiceType) -> Int {
            switch type {
            case .query: 0
            case .stream: 1
            case .resource: 2
            case .route: 3
            case .health: 4
            case .metrics: 5
            case .admission: 6
            case .conversion: 7
            case .dataSourceProxy: 8
            }
        }
    }

    var all: [ClaimedRoute] { source.all + app.all + plugin.all + routes }

    /// What discovery shows of them.
    var claimed: ClaimedGroup.Version {
        ClaimedGroup.Version(name: place.version, sources: source.all.map(\.type), app: app.all.map(\.type))
    }

    /// Whether these routes are those of a path.
    func isAt(_ group: ArraySlice<UInt8>, _ version: ArraySlice<UInt8>) -> Bool {
        place.group.utf8.elementsEqual(group) && place.version.utf8.elementsEqual(version)
    }
}

/// A group and a version that objects claim routes below.
package struct GroupPlace: Sendable, Hashable, CustomStringConvertible {
    /// The API group.
    package let group: String
    /// The version.
    package let version: String

    /// Where an object claims its routes.
    init(_ service: DataPlaneService) {
        group = service.spec.group
        version = service.spec.version
    }

    /// `<group>/<version>`.
    package var description: String { "\(group)/\(version)" }
}

/// The routes of a group and version while they are compiled.
private struct Claims {
    var source = GroupRoutes.Slots()
    var app = GroupRoutes.Slots()
    var plugin = GroupRoutes.Slots()
    var routes: [ClaimedRoute] = []

    /// Adds a route unless an older object has it already.
    ///
    /// - Returns: the route that has it.
    mutating func add(_ route: ClaimedRoute) -> ClaimedRoute? {
        switch route.type {
        case .route:
            guard let claim = route.claim else { return nil }
            if let winner = routes.first(where: { $0.claim?.conflicts(with: claim) == true }) { return winner }
            let place = routes.firstIndex { $0.claim.map(claim.precedes) ?? false } ?? routes.count
            routes.insert(route, at: place)
            return nil
        case .metrics, .admission, .conversion: return Self.claim(&plugin, route)
        case .query: return Self.claim(&source, route)
        case .stream, .resource, .health, .dataSourceProxy:
            return route.isApp ? Self.claim(&app, route) : Self.claim(&source, route)
        }
    }

    private static func claim(_ slots: inout GroupRoutes.Slots, _ route: ClaimedRoute) -> ClaimedRoute? {
        if let winner = slots[route.type] { return winner }
        slots[route.type] = route
        return nil
    }
}
