import DataPlaneAPI

/// One claimed route: which object claims it, and which plugin answers.
package final class ClaimedRoute: Sendable {
    /// The DataPlaneService's name.
    package let objectName: String
    /// The service type.
    package let type: ServiceType
    /// The API group.
    package let group: String
    /// The API version.
    package let version: String
    /// The plugin that answers.
    package let pluginID: String

    /// The path with its parameters, for people.
    package var pathPattern: String {
        "/apis/\(group)/\(version)/namespaces/{ns}/{datasources|connections}/{uid}/query"
    }

    init(objectName: String, type: ServiceType, group: String, version: String, pluginID: String) {
        self.objectName = objectName
        self.type = type
        self.group = group
        self.version = version
        self.pluginID = pluginID
    }
}

/// A route that an object could not claim because an older object has it.
package struct RouteConflict: Sendable, Hashable {
    /// The object that lost.
    package let objectName: String
    /// The object that has the route.
    package let winner: String
    /// What was claimed, for the message.
    package let route: String
}

/// All claimed routes of one moment, compiled for looking up: immutable, cost independent of how many there are.
package final class RouteTable: Sendable {
    /// What is claimed below `/apis/<group>/<version>`.
    struct GroupVersion: Sendable {
        let group: [UInt8]
        let version: [UInt8]
        var query: ClaimedRoute?
    }

    private let buckets: [UInt64: [GroupVersion]]
    /// Who lost against whom.
    package let conflicts: [RouteConflict]
    private let firstConflicts: [String: RouteConflict]
    /// Claimed versions by group, in the order they were claimed.
    package let claimedGroups: [(group: String, versions: [String])]

    /// Compiles a table; the oldest object (creation time, then name) gets a route that several claim.
    package init(_ services: [DataPlaneService]) {
        let ordered = services.sorted {
            ($0.metadata.creationTimestamp, $0.metadata.name) < ($1.metadata.creationTimestamp, $1.metadata.name)
        }
        var entries: [String: GroupVersion] = [:]
        var conflicts: [RouteConflict] = []
        var groups: [String] = []
        var versions: [String: [String]] = [:]
        for service in ordered where service.spec.backend.kind == .plugin {
            let spec = service.spec
            let key = "\(spec.group)/\(spec.version)"
            var entry = entries[key] ?? GroupVersion(group: Array(spec.group.utf8), version: Array(spec.version.utf8))
            for offered in spec.services where offered.serviceType == .query {
                if let winner = entry.query, winner.objectName != service.metadata.name {
                    conflicts.append(
                        RouteConflict(
                            objectName: service.metadata.name, winner: winner.objectName, route: "query of \(key)"))
                } else {
                    entry.query = ClaimedRoute(
                        objectName: service.metadata.name, type: .query, group: spec.group, version: spec.version,
                        pluginID: spec.pluginID)
                }
            }
            entries[key] = entry
            if versions[spec.group] == nil { groups.append(spec.group) }
            if versions[spec.group]?.contains(spec.version) != true {
                versions[spec.group, default: []].append(spec.version)
            }
        }
        buckets = Dictionary(grouping: entries.values) { Self.hash($0.group[...], $0.version[...]) }
        self.conflicts = conflicts
        firstConflicts = Dictionary(conflicts.map { ($0.objectName, $0) }) { first, _ in first }
        claimedGroups = groups.map { (group: $0, versions: versions[$0] ?? []) }
    }

    /// The first route that an object could not claim.
    package func conflict(of objectName: String) -> RouteConflict? { firstConflicts[objectName] }

    /// All routes, sorted by object.
    package var all: [ClaimedRoute] {
        buckets.values.joined().compactMap(\.query).sorted { $0.objectName < $1.objectName }
    }

    /// What a path leads to.
    package enum Match {
        /// A claimed query route with its namespace and data source.
        case query(ClaimedRoute, namespace: String, uid: String)
        /// Nothing is claimed here.
        case none
    }

    /// Finds the route of a path.
    package func match(_ path: CanonicalPath) -> Match {
        // /apis/<group>/<version>/namespaces/<ns>/<datasources|connections>/<uid>/<service>
        guard path.count == 8, path.segment(0, equals: Self.apis), path.segment(3, equals: Self.namespaces),
            !path.isEmpty(4), !path.isEmpty(6), let entry = find(path[1], path[2])
        else { return .none }
        guard path.segment(5, equals: Self.dataSources) || path.segment(5, equals: Self.connections) else {
            return .none
        }
        if let query = entry.query, path.segment(7, equals: Self.query) {
            return .query(query, namespace: path.text(4), uid: path.text(6))
        }
        return .none
    }

    private static let apis = Array("apis".utf8)
    private static let namespaces = Array("namespaces".utf8)
    private static let dataSources = Array("datasources".utf8)
    private static let connections = Array("connections".utf8)
    private static let query = Array("query".utf8)

    private func find(_ group: ArraySlice<UInt8>, _ version: ArraySlice<UInt8>) -> GroupVersion? {
        buckets[Self.hash(group, version)]?.first { $0.group.elementsEqual(group) && $0.version.elementsEqual(version) }
    }

    /// FNV-1a over both, with a separator that neither holds.
    private static func hash(_ group: ArraySlice<UInt8>, _ version: ArraySlice<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in group { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ 0x2F) &* 0x100_0000_01b3
        for byte in version { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
