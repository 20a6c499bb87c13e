import DataPlaneAPI

/// What is claimed below `/apis/<group>/<version>`.
struct GroupRoutes: Sendable {
    let group: [UInt8]
    let version: [UInt8]
    /// Routes below a data source, by type.
    private(set) var source = Slots()
    /// Routes below the instance of an app plugin, by type.
    private(set) var app = Slots()
    /// Routes below the group and version alone, by type.
    private(set) var plugin = Slots()
    /// Routes with a path of their own, in the order they are tried.
    private(set) var routes: [ClaimedRoute] = []

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

    init(group: String, version: String) {
        self.group = Array(group.utf8)
        self.version = Array(version.utf8)
    }

    var all: [ClaimedRoute] { source.all + app.all + plugin.all + routes }

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

    private static func claim(_ slots: inout Slots, _ route: ClaimedRoute) -> ClaimedRoute? {
        if let winner = slots[route.type] { return winner }
        slots[route.type] = route
        return nil
    }
}
