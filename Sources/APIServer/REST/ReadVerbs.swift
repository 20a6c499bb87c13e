import Bytes
import DataPlaneAPI
import Storage

/// get, list and the start of a watch: all from memory, none waits for a write.
struct ReadVerbs: Sendable {
    let store: WatchCache
    let target: ResourceTarget
    let request: APIRequest
    let kinds: Kinds
    let watches: Slots
    let lists: Slots
    let versionWaitMS: Int

    private var definition: ResourceDefinition { target.definition }

    func get() async throws(GatewayError) -> APIResponse {
        let renderer = try Renderer(definition, request, .object)
        if let text = request.parameter("resourceVersion"), let version = Int(text) { try await reach(version) }
        if case .computed(let read) = definition.nature {
            let all = try await computed(read)
            guard let object = all.first(where: { $0.key == target.key }) else {
                throw definition.notFound(target.name ?? "")
            }
            return renderer.object(object)
        }
        return try find(renderer)
    }

    /// The answer to a get that has nothing to wait for; nil for one that has.
    func getAtOnce() throws(GatewayError) -> APIResponse? {
        guard case .stored = definition.nature else { return nil }
        if let text = request.parameter("resourceVersion"), let version = Int(text), version > store.version {
            return nil
        }
        return try find(Renderer(definition, request, .object))
    }

    private func find(_ renderer: Renderer) throws(GatewayError) -> APIResponse {
        guard let object = store.find(target.key) else { throw definition.notFound(target.name ?? "") }
        return renderer.object(object)
    }

    /// The objects of a kind that aren't stored, as they are now.
    private func computed(
        _ read: @Sendable (KindContext) async throws(GatewayError) -> [JSONValue]
    ) async throws(GatewayError) -> [StoredObject] {
        var objects: [StoredObject] = []
        let context = KindContext(
            .read, .null, user: request.user, authorizer: request.authorizer, kinds: kinds, reader: store)
        for json in try await read(context) {
            let key = ObjectKey(
                definition.id, namespace: json["metadata"]?["namespace"]?.asString ?? "",
                name: json["metadata"]?["name"]?.asString ?? "")
            objects.append(
                try StoredObject(Record(key: key, version: 0, content: RecordContent(bytes: json.bytes()))))
        }
        return objects
    }

    // MARK: Lists

    func list(_ options: ListOptions) async throws(GatewayError) -> PreparedList {
        let renderer = try Renderer(definition, request, .list)
        if let version = options.version { try await reach(version) }
        let slot = try lists.take()
        if case .computed(let read) = definition.nature {
            let chosen = try await computed(read).filter { object in
                (target.namespace == nil || target.namespace == object.key.namespace) && options.matches(object)
            }
            return PreparedList(
                ListSource(
                    renderer, .chosen(chosen[...]), metadata: ["resourceVersion": .string(String(store.version))]),
                slot)
        }
        let state = try state(options)
        var metadata: JSONValue = ["resourceVersion": .string(String(state.version))]
        var walk = state.walk(namespace: target.namespace, after: options.after)
        guard let limit = options.limit else {
            return PreparedList(ListSource(renderer, .walk(walk, options), metadata: metadata), slot)
        }
        var page: [StoredObject] = []
        var hasMore = false
        while let object = walk.next() {
            guard options.matches(object) else { continue }
            guard page.count < limit else {
                hasMore = true
                break
            }
            page.append(object)
        }
        if hasMore, let last = page.last {
            metadata["continue"] = .string(ListOptions.token(version: state.version, after: last.key))
            if !options.selects {
                metadata["remainingItemCount"] = .int(state.count(namespace: target.namespace, after: last.key))
            }
        }
        return PreparedList(ListSource(renderer, .chosen(page[...]), metadata: metadata), slot)
    }

    /// The state that a list shows.
    private func state(_ options: ListOptions) throws(GatewayError) -> KindState {
        if let version = options.tokenVersion, version >= 0 {
            // A list that goes on shows what its first page did.
            guard let state = store.state(definition.id, at: version) else {
                throw GatewayError(
                    .expired,
                    "The provided continue parameter is too old to display a consistent list result. You can start a "
                        + "new list without the continue parameter.")
            }
            return state
        }
        // A version with a limit and nothing else means exactly that version, for the sake of old clients.
        let isExact = options.match == .exact || options.match == nil && options.limit != nil
        guard isExact, let version = options.version, version > 0 else { return store.state(definition.id) }
        guard let state = store.state(definition.id, at: version) else {
            throw GatewayError(.expired, "The resourceVersion for the provided list is too old.")
        }
        return state
    }

    // MARK: Watches

    func watch(_ options: ListOptions) async throws(GatewayError) -> WatchStart {
        var start = WatchStart(
            kind: definition.id, namespace: target.namespace,
            form: WatchForm(try Renderer(definition, request, .watch)), options: options)
        let wantsState = options.sendsInitialEvents ?? (options.version == nil || options.version == 0)
        start.slot = try watches.take()
        if wantsState {
            if let version = options.version { try await reach(version) }
            start.listSlot = try lists.take()
        }
        do throws(GatewayError) {
            if let from = options.version, from > 0, !wantsState {
                try await reachToWatch(from)
                switch store.cursor(definition.id, after: from) {
                case .at(let number): start.number = number
                case .expired(let oldest): throw .tooOld(requested: String(from), oldest: String(oldest))
                }
            } else {
                let state = store.state(definition.id)
                start.number = state.number
                if wantsState { start.state = state }
            }
        } catch {
            // Kubernetes tells it inside the stream, and its clients look there.
            guard error.code == .expired else { throw error }
            start.error = error
        }
        return start
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
        guard await !store.reach(version, milliseconds: versionWaitMS) else { return }
        guard !Task.isCancelled else { throw GatewayError(.clientClosedRequest, "the request was given up") }
        throw GatewayError(
            .gatewayTimeout, "Timeout: Too large resource version: \(version), current: \(store.version)",
            retryAfterSeconds: 1,
            causes: [
                StatusCause(field: "", reason: "ResourceVersionTooLarge", message: "Too large resource version")
            ])
    }
}
