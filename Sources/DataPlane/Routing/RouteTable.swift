import APIServer
import DataPlaneAPI
import Synchronization

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
///
/// A change makes a new table that shares the routes of all groups and versions that it doesn't touch.
package final class RouteTable: Sendable {
    /// Of so many parts a change copies one for each group and version that it touches.
    private static let partCount = 256

    private let parts: [[UInt64: [GroupRoutes]]]
    private let claims = Mutex<[ClaimedGroup]?>(nil)

    private init(parts: [[UInt64: [GroupRoutes]]]) { self.parts = parts }

    /// Compiles a table.
    ///
    /// - Parameters:
    ///   - previous: the table before, whose counts of requests under way go on.
    ///   - defaults: what bounds requests where an object says nothing.
    package convenience init(
        _ services: [DataPlaneService], after previous: RouteTable? = nil, defaults: EffectiveLimits.Defaults = .init()
    ) {
        var parts = Self.empty
        for (place, services) in Dictionary(grouping: services, by: GroupPlace.init) {
            let made = GroupRoutes(place, services, after: previous?.find(place), defaults: defaults)
            let hash = Self.hash(place)
            if let made { parts[Self.part(hash)][hash, default: []].append(made) }
        }
        self.init(parts: parts)
    }

    private static var empty: [[UInt64: [GroupRoutes]]] { Array(repeating: [:], count: partCount) }

    /// The table after a change.
    ///
    /// - Parameter changed: all objects of each group and version that the change touches; the others stay as they are.
    func changing(
        _ changed: [GroupPlace: [DataPlaneService]], defaults: EffectiveLimits.Defaults = .init()
    ) -> RouteTable {
        guard !changed.isEmpty else { return self }
        var parts = parts
        for (place, services) in changed {
            let (hash, old) = (Self.hash(place), find(place))
            let part = Self.part(hash)
            var bucket = (parts[part][hash] ?? []).filter { $0.place != place }
            if let made = GroupRoutes(place, services, after: old, defaults: defaults) { bucket.append(made) }
            parts[part][hash] = bucket.isEmpty ? nil : bucket
        }
        return RouteTable(parts: parts)
    }

    /// The routes of a group and version; the same object as long as nothing about them changes.
    func find(_ place: GroupPlace) -> GroupRoutes? {
        let hash = Self.hash(place)
        return parts[Self.part(hash)][hash]?.first { $0.place == place }
    }

    private var entries: [GroupRoutes] { parts.flatMap { $0.values.joined() } }

    /// Claimed groups and versions, in the order they were claimed; made when somebody asks first.
    package var claimedGroups: [ClaimedGroup] {
        claims.withLock { claims in
            if let claims { return claims }
            var groups: [String] = []
            var versions: [String: [ClaimedGroup.Version]] = [:]
            for entry in entries.sorted(by: { $0.oldest < $1.oldest }) {
                let group = entry.place.group
                if versions[group] == nil { groups.append(group) }
                versions[group, default: []].append(entry.claimed)
            }
            let made = groups.map { ClaimedGroup(name: $0, versions: versions[$0] ?? []) }
            claims = made
            return made
        }
    }

    /// The service types that this version answers.
    package static let served: Set<ServiceType> = [
        .query, .stream, .resource, .route, .health, .metrics, .admission, .conversion,
        .dataSourceProxy,
    ]

    /// The first route that an object could not claim.
    func conflict(of service: DataPlaneService) -> RouteConflict? {
        find(GroupPlace(service))?.firstConflicts[service.metadata.name]
    }

    /// Who lost against whom.
    package var conflicts: [RouteConflict] { entries.flatMap(\.conflicts) }

    /// Who answers the streams of a group and version: those of an app, or of data sources.
    func stream(group: String, version: String, isApp: Bool) -> ClaimedRoute? {
        let entry = find(Array(group.utf8)[...], Array(version.utf8)[...])
        return isApp ? entry?.app[.stream] : entry?.source[.stream]
    }

    /// All routes, sorted by object.
    package var all: [ClaimedRoute] {
        entries.flatMap(\.all).sorted { $0.objectName < $1.objectName }
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
        let hash = Self.hash(group)
        return parts[Self.part(hash)][hash]?.first { $0.isAt(group, version) }
    }

    private static func part(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: (hash ^ hash >> 32) % UInt64(partCount)) }
    private static func hash(_ place: GroupPlace) -> UInt64 { hash(place.group.utf8) }

    /// FNV-1a over the group: its versions are few, and found together.
    private static func hash(_ group: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in group { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}

extension RouteTable: ClaimedGroups {
    /// Whether something is claimed below a group, by the bytes of a path.
    package func claims(_ group: ArraySlice<UInt8>) -> Bool {
        let hash = Self.hash(group)
        return parts[Self.part(hash)][hash]?.contains { $0.place.group.utf8.elementsEqual(group) } ?? false
    }

    /// One group, found without the others.
    package func claimedGroup(_ name: String) -> ClaimedGroup? {
        let hash = Self.hash(name.utf8)
        let entries = (parts[Self.part(hash)][hash] ?? []).filter { $0.place.group == name }
        guard !entries.isEmpty else { return nil }
        return ClaimedGroup(name: name, versions: entries.sorted { $0.oldest < $1.oldest }.map(\.claimed))
    }
}
