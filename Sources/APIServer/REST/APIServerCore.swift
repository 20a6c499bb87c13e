import DataPlaneAPI
import HTTPKit
import Storage

/// A group that DataPlaneServices claim, for discovery.
package struct ClaimedGroup: Sendable, Hashable {
    /// A version of the group and what is served below it.
    package struct Version: Sendable, Hashable {
        /// The version.
        package var name: String
        /// The types of services below data sources.
        package var sources: [ServiceType]
        /// The types of services below the instance of an app plugin.
        package var app: [ServiceType]

        /// Creates a version.
        package init(name: String, sources: [ServiceType] = [], app: [ServiceType] = []) {
            self.name = name
            self.sources = sources
            self.app = app
        }
    }

    /// The group.
    package var name: String
    /// Its versions, the preferred one first.
    package var versions: [Version]

    /// Creates a claimed group.
    package init(name: String, versions: [Version]) {
        self.name = name
        self.versions = versions
    }

    /// Whether it has a version.
    func has(_ version: String) -> Bool { versions.contains { $0.name == version } }
}

/// The groups that routes are claimed in, at one moment.
package protocol ClaimedGroups: Sendable {
    /// All of them.
    var claimedGroups: [ClaimedGroup] { get }
    /// One of them; quick, however many there are.
    func claimedGroup(_ name: String) -> ClaimedGroup?
    /// Whether there is one of this name, by the bytes of a path; takes no lock.
    func claims(_ name: ArraySlice<UInt8>) -> Bool
}

extension [ClaimedGroup]: ClaimedGroups {
    /// All of them.
    package var claimedGroups: [ClaimedGroup] { self }
    /// One of them.
    package func claimedGroup(_ name: String) -> ClaimedGroup? { first { $0.name == name } }
    /// Whether there is one of this name.
    package func claims(_ name: ArraySlice<UInt8>) -> Bool { contains { $0.name.utf8.elementsEqual(name) } }
}

/// What another server answered to a request for its discovery.
package struct FetchedDocument: Sendable {
    /// The status number.
    package var status: Int
    /// The media type.
    package var contentType: String
    /// The body.
    package var body: [UInt8]

    /// Creates a document.
    package init(status: Int, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// One readiness check.
package struct ReadinessCheck: Sendable {
    /// Its name, as `/readyz?verbose` shows it.
    package var name: String
    /// Nil when all is well, else why not; not shown to clients.
    package var failure: @Sendable () async -> String?
    /// Whether the whole fails with it; else it is only shown.
    package var isRequired: Bool

    /// Creates a check.
    package init(_ name: String, isRequired: Bool = true, failure: @escaping @Sendable () async -> String?) {
        self.name = name
        self.isRequired = isRequired
        self.failure = failure
    }
}

/// What the API servers of all loops share.
package struct APIServerCore: Sendable {
    /// The objects.
    package var store: WatchCache
    /// The types.
    package var registry = KindRegistry()
    /// The groups that DataPlaneServices claim now.
    package var claims: @Sendable () -> any ClaimedGroups = { [ClaimedGroup]() }
    /// Where discovery comes from beside the kinds and the claims, in this order.
    package var sources: [any DiscoverySource] = []
    /// Whether there is an upstream, which answers what is unknown here.
    package var hasUpstream = false
    /// What `/readyz` asks.
    package var readiness: [ReadinessCheck] = []
    /// The version of the gateway, such as `0.1.0`.
    package var version = "0.0.0"
    /// The most bytes of a body (setting `api-request-limit`).
    package var bodyLimit = 3_145_728
    /// Seconds between bookmarks of a watch.
    package var bookmarkSeconds = 60
    /// How long a request waits for a version of the store that isn't there yet, milliseconds.
    package var versionWaitMS = 3_000
    /// How many watches may be open at once (setting `api-watch-limit`).
    package var watches = Slots(20_000, of: "watches", retrySeconds: 1...10)
    /// How many lists, and first states of watches, may be on their way to clients at once (setting `api-list-limit`);
    /// each holds 64 KiB.
    package var lists = Slots(1_000, of: "lists on their way", retrySeconds: 1...5)

    /// Creates a core around a store.
    package init(store: WatchCache) { self.store = store }

    /// What answers a request.
    enum Answer: Sendable {
        case response(APIResponse)
        case list(PreparedList)
        case watch(WatchStart)
    }

    /// Answers a request that `APIRoute` gave to this server.
    func answer(_ request: APIRequest, _ route: APIRoute) async -> Answer {
        do throws(GatewayError) {
            if case .resource(let target) = route { return try await resource(request, target) }
            guard request.method == .get || request.method == .head else {
                throw .methodNotAllowed(request.methodText, allow: ["GET", "HEAD"])
            }
            return .response(try await document(request, route))
        } catch {
            return .response(.failure(error))
        }
    }

    /// Answers what lies in memory and costs next to nothing; nil for everything else.
    ///
    /// On the event loop, so that it doesn't wait for its turn behind writes that are being worked on.
    func answerAtOnce(_ request: APIRequest, _ route: APIRoute) -> APIResponse? {
        guard case .resource(let target) = route, target.name != nil, request.method == .get || request.method == .head
        else { return nil }
        do throws(GatewayError) { return try reads(request, target).getAtOnce() } catch { return .failure(error) }
    }

    private func reads(_ request: APIRequest, _ target: ResourceTarget) -> ReadVerbs {
        ReadVerbs(
            store: store, target: target, request: request, kinds: registry.kinds, watches: watches, lists: lists,
            versionWaitMS: versionWaitMS)
    }

    private func document(_ request: APIRequest, _ route: APIRoute) async throws(GatewayError) -> APIResponse {
        let discovery = DiscoveryDocuments(core: self, request: request)
        let openAPI = OpenAPIDocuments(core: self, request: request)
        switch route {
        case .resource, .unknown: throw .unknownResource()
        case .version: return VersionDocument.response(version, pretty: request.isPretty)
        case .health(let kind, let check): return await HealthDocuments(core: self).response(request, kind, check)
        case .core: return try discovery.coreGroup()
        case .coreVersion: return discovery.coreVersion()
        case .groups: return try await discovery.groups()
        case .group(let name): return try await discovery.group(name)
        case .groupVersion(let group, let version): return try await discovery.groupVersion(group, version)
        case .openAPIv2: return try openAPI.v2()
        case .openAPIv3: return await openAPI.root()
        case .openAPIv3Group(let group, let version): return try await openAPI.group(group, version)
        }
    }

    private func resource(_ request: APIRequest, _ target: ResourceTarget) async throws(GatewayError) -> Answer {
        let reads = reads(request, target)
        guard target.serves(request.method) else { throw Self.notSupported(request, target) }
        let writes = WriteVerbs(store: store, target: target, request: request, kinds: registry.kinds)
        let deletes = DeleteVerbs(store: store, target: target, request: request)
        switch (request.method, target.name != nil) {
        case (.get, true), (.head, true): return .response(try await reads.get())
        case (.get, false), (.head, false):
            let options = try ListOptions(request, target.definition)
            if options.isWatch, request.method == .get { return .watch(try await reads.watch(options)) }
            return .list(try await reads.list(options))
        case (.post, false):
            if case .answered(let answer) = target.definition.nature { return .response(try await writes.ask(answer)) }
            return .response(try await writes.create())
        case (.put, true): return .response(try await writes.update())
        case (.patch, true): return .response(try await writes.patch())
        case (.delete, true) where target.subresource == nil: return .response(try await deletes.delete())
        case (.delete, false): return .list(try await deletes.deleteCollection(lists))
        default: throw Self.notSupported(request, target)
        }
    }

    private static func notSupported(_ request: APIRequest, _ target: ResourceTarget) -> GatewayError {
        let group = target.definition.group
        return GatewayError(
            .methodNotAllowed,
            "\(request.methodText.lowercased()) is not supported on resources of kind "
                + "\"\(target.definition.plural)\(group.isEmpty ? "" : ".\(group)")\"",
            allow: target.methods)
    }
}
