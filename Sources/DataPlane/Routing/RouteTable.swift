import APIServer
import DataPlaneAPI

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
    private let buckets: [UInt64: [GroupRoutes]]
    private let gates: ConcurrencyGates
    /// Who lost against whom.
    package let conflicts: [RouteConflict]
    private let firstConflicts: [String: RouteConflict]
    /// Claimed groups and versions, in the order they were claimed.
    package let claimedGroups: [ClaimedGroup]

    /// Compiles a table; the oldest object (creation time, then name) gets a route that several claim.
    ///
    /// - Parameters:
    ///   - previous: the table before, whose counts of requests under way go on.
    ///   - defaults: what bounds requests where an object says nothing.
    package init(
        _ services: [DataPlaneService], after previous: RouteTable? = nil, defaults: EffectiveLimits.Defaults = .init()
    ) {
        let ordered = services.sorted {
            ($0.metadata.creationTimestamp, $0.metadata.name) < ($1.metadata.creationTimestamp, $1.metadata.name)
        }
        gates = ConcurrencyGates(after: previous?.gates)
        var entries: [String: GroupRoutes] = [:]
        var conflicts: [RouteConflict] = []
        var groups: [String] = []
        var versions: [String: [String]] = [:]
        for service in ordered {
            guard let backend = RouteBackend(service) else { continue }
            let spec = service.spec
            let key = "\(spec.group)/\(spec.version)"
            var entry = entries[key] ?? GroupRoutes(group: spec.group, version: spec.version)
            for offered in spec.services {
                guard let type = offered.serviceType, Self.served.contains(type) else { continue }
                if type == .route, offered.routeClaim == nil { continue }
                let route = ClaimedRoute(
                    service, offered, backend: backend, claim: offered.routeClaim, gates: gates, defaults: defaults)
                guard let winner = entry.add(route), winner.objectName != route.objectName else { continue }
                conflicts.append(
                    RouteConflict(
                        objectName: route.objectName, winner: winner.objectName,
                        route: type == .route ? "route \(route.pathPattern)" : "\(type.rawValue) of \(key)"))
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
        claimedGroups = groups.map { group in
            ClaimedGroup(
                name: group,
                versions: (versions[group] ?? []).map { version in
                    let routes = entries["\(group)/\(version)"]
                    return ClaimedGroup.Version(
                        name: version, sources: routes?.source.all.map(\.type) ?? [],
                        app: routes?.app.all.map(\.type) ?? [])
                })
        }
    }

    /// The service types that this version answers.
    package static let served: Set<ServiceType> = [
        .query, .stream, .resource, .route, .health, .metrics, .admission, .conversion,
        .dataSourceProxy,
    ]

    /// The first route that an object could not claim.
    package func conflict(of objectName: String) -> RouteConflict? { firstConflicts[objectName] }

    /// Who answers the streams of a group and version: those of an app, or of data sources.
    func stream(group: String, version: String, isApp: Bool) -> ClaimedRoute? {
        let entry = find(Array(group.utf8)[...], Array(version.utf8)[...])
        return isApp ? entry?.app[.stream] : entry?.source[.stream]
    }

    /// All routes, sorted by object.
    package var all: [ClaimedRoute] {
        buckets.values.joined().flatMap(\.all).sorted { $0.objectName < $1.objectName }
    }

    /// What a path leads to.
    package enum Match {
        /// A route below a data source; `rest` is the first segment after the service's own.
        case source(ClaimedRoute, namespace: String, uid: String, rest: Int)
        /// A route below the instance of an app plugin; `rest` is the first segment after the service's own.
        case app(ClaimedRoute, namespace: String, rest: Int)
        /// A route of the plugin itself: metrics, admission, conversion.
        case plugin(ClaimedRoute)
        /// A route with a path of its own.
        case route(ClaimedRoute, namespace: String)
        /// Nothing is claimed here.
        case none
    }

    /// Finds the route of a path; for routes with a method of their own that counts too.
    package func match(_ path: CanonicalPath, method: some Sequence<UInt8>) -> Match {
        guard path.count >= 4, path.segment(0, equals: Self.apis), let entry = find(path[1], path[2]) else {
            return .none
        }
        guard path.segment(3, equals: Self.namespaces) else { return Self.plugin(entry, path) }
        guard path.count >= 6, !path.isEmpty(4) else { return .none }
        let fixed = Self.fixed(entry, path)
        if case .none = fixed {
            let found = entry.routes.first { route in
                route.claim.map { $0.pattern.matches(path, from: 5) && $0.accepts(method: method) } ?? false
            }
            return found.map { .route($0, namespace: path.text(4)) } ?? .none
        }
        return fixed
    }

    /// Below `namespaces/{ns}/{datasources|connections}/{uid}` and `namespaces/{ns}/app/instance`.
    private static func fixed(_ entry: GroupRoutes, _ path: CanonicalPath) -> Match {
        guard path.count >= 8, !path.isEmpty(6) else { return .none }
        if path.segment(5, equals: dataSources) || path.segment(5, equals: connections) {
            guard let route = service(entry.source, path) else { return .none }
            return .source(route, namespace: path.text(4), uid: path.text(6), rest: 8)
        }
        guard path.segment(5, equals: app), path.segment(6, equals: instance),
            let route = service(entry.app, path)
        else { return .none }
        return .app(route, namespace: path.text(4), rest: 8)
    }

    /// The service that the eighth segment names.
    private static func service(_ slots: GroupRoutes.Slots, _ path: CanonicalPath) -> ClaimedRoute? {
        if path.count == 8, path.segment(7, equals: query) { return slots[.query] }
        if path.segment(7, equals: resources) || path.segment(7, equals: resource) { return slots[.resource] }
        if path.count == 8, path.segment(7, equals: health) { return slots[.health] }
        if path.segment(7, equals: stream), path.count > 9 || !path.isEmpty(8) { return slots[.stream] }
        if path.segment(7, equals: proxy) { return slots[.dataSourceProxy] }
        return nil
    }

    /// Below the group and version alone.
    private static func plugin(_ entry: GroupRoutes, _ path: CanonicalPath) -> Match {
        let route: ClaimedRoute? =
            if path.count == 4, path.segment(3, equals: metrics) {
                entry.plugin[.metrics]
            } else if path.count == 4, path.segment(3, equals: conversion) {
                entry.plugin[.conversion]
            } else if path.count == 5, path.segment(3, equals: admission),
                path.segment(4, equals: mutate) || path.segment(4, equals: validate)
            {
                entry.plugin[.admission]
            } else { nil }
        return route.map { .plugin($0) } ?? .none
    }

    private static let apis = Array("apis".utf8)
    private static let namespaces = Array("namespaces".utf8)
    private static let dataSources = Array("datasources".utf8)
    private static let connections = Array("connections".utf8)
    private static let app = Array("app".utf8)
    private static let instance = Array("instance".utf8)
    private static let query = Array("query".utf8)
    private static let resources = Array("resources".utf8)
    private static let resource = Array("resource".utf8)
    private static let health = Array("health".utf8)
    private static let stream = Array("stream".utf8)
    private static let proxy = Array("proxy".utf8)
    private static let metrics = Array("metrics".utf8)
    private static let conversion = Array("conversion".utf8)
    private static let admission = Array("admission".utf8)
    /// The segment that asks a plugin to change an object.
    static let mutate = Array("mutate".utf8)
    private static let validate = Array("validate".utf8)

    private func find(_ group: ArraySlice<UInt8>, _ version: ArraySlice<UInt8>) -> GroupRoutes? {
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
