import DataPlaneAPI

/// get, list and the start of a watch.
struct ReadVerbs: Sendable {
    let store: ObjectStore
    let target: ResourceTarget
    let request: APIRequest
    let turns: ListTurns
    let versionWaitMS: Int

    private var definition: any ResourceDefinition { target.definition }

    func get() async throws(GatewayError) -> APIResponse {
        let renderer = try Renderer(definition, request, .object)
        if let text = request.parameter("resourceVersion"), let version = Int(text) { try await reach(version) }
        guard let object = try await store.get(target.key) else { throw definition.notFound(target.name ?? "") }
        return renderer.object(object.body)
    }

    func list(_ options: ListOptions) async throws(GatewayError) -> APIResponse {
        let renderer = try Renderer(definition, request, .list)
        if let version = options.version { try await reach(version) }
        return try await turns.run { () throws(GatewayError) in try await list(options, renderer) }
    }

    private func list(_ options: ListOptions, _ renderer: Renderer) async throws(GatewayError) -> APIResponse {
        if let version = options.tokenVersion, version >= 0, version < (try await store.oldestVersion()) {
            throw GatewayError(
                .expired,
                "The provided continue parameter is too old to display a consistent list result. You can start a new list "
                    + "without the continue parameter.")
        }
        var page = try await store.list(
            definition.id, namespace: target.namespace, limit: options.selects ? nil : options.limit,
            after: options.after)
        if options.match == .exact, let version = options.version, version < page.version {
            throw .tooOld(requested: String(version), oldest: String(page.version))
        }
        if options.selects {
            page.items = page.items.filter { options.matches($0.body) }
            if let limit = options.limit, page.items.count > limit {
                page.items = Array(page.items.prefix(limit))
                page.hasMore = true
            }
        }
        let version = (options.tokenVersion ?? -1) >= 0 ? options.tokenVersion ?? page.version : page.version
        var metadata: JSONValue = ["resourceVersion": .string(String(version))]
        if page.hasMore, let last = page.items.last {
            metadata["continue"] = .string(ListOptions.token(version: version, after: last.key))
            if !options.selects { metadata["remainingItemCount"] = .int(page.remaining) }
        }
        return try await renderer.list(page.items.map(\.body), metadata: metadata)
    }

    /// Each watch renders and keeps its own copy of an event; this many may be open at once.
    static let mostWatches = 1_000

    func watch(_ options: ListOptions) async throws(GatewayError) -> WatchSession {
        guard store.watcherCount < Self.mostWatches else {
            throw GatewayError(
                .tooManyRequests, "there are \(Self.mostWatches) watches already, which is the limit; try again later",
                retryAfterSeconds: 5)
        }
        let renderer = try Renderer(definition, request, .watch)
        let wantsState = options.sendsInitialEvents ?? (options.version == nil || options.version == 0)
        if options.sendsInitialEvents == true, let version = options.version { try await reach(version) }
        let from = options.sendsInitialEvents == true || options.version == 0 ? nil : options.version
        do throws(GatewayError) {
            if let from { try await reachToWatch(from) }
            let start = { () async throws(GatewayError) -> StoreWatch in
                try await store.watch(definition.id, namespace: target.namespace, from: from, sendsState: wantsState)
            }
            let watch = wantsState ? try await turns.run(start) : try await start()
            return WatchSession(renderer: renderer, options: options, watch: watch, from: from ?? 0, error: nil)
        } catch {
            // Kubernetes tells it inside the stream, and its clients look there.
            guard error.code == .expired else { throw error }
            return WatchSession(renderer: renderer, options: options, watch: nil, from: 0, error: error)
        }
    }

    /// Waits for a version that isn't there yet; a watch then ends with 410, and its client lists again.
    ///
    /// A version that never comes is one of another store: this one was replaced by a backup, or is a new one.
    private func reachToWatch(_ version: Int) async throws(GatewayError) {
        do throws(GatewayError) { try await reach(version) } catch {
            guard error.code == .gatewayTimeout else { throw error }
            throw GatewayError(.expired, error.message, causes: error.causes)
        }
    }

    /// Waits for a version that isn't there yet, 3 seconds at most as Kubernetes does.
    private func reach(_ version: Int) async throws(GatewayError) {
        for _ in 0..<max(1, versionWaitMS / 50) {
            if store.currentVersion >= version { return }
            do { try await Task.sleep(for: .milliseconds(50)) } catch {
                throw GatewayError(.clientClosedRequest, "the request was given up")
            }
        }
        if store.currentVersion >= version { return }
        throw GatewayError(
            .gatewayTimeout, "Timeout: Too large resource version: \(version), current: \(store.currentVersion)",
            retryAfterSeconds: 1,
            causes: [
                StatusCause(field: "", reason: "ResourceVersionTooLarge", message: "Too large resource version")
            ])
    }
}
