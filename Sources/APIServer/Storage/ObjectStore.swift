import DataPlaneAPI
import GRDB
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// The objects of the API server in one SQLite file.
///
/// Every commit has one number for the whole store, `resourceVersion`: it rises, survives restarts and is never used
/// twice. A call that writes returns after the commit is on disk.
package final class ObjectStore: Sendable {
    /// Limits of a store.
    package struct Settings: Sendable, Hashable {
        /// How many changes are kept for watches that start in the past.
        package var historyLimit = 1_000
        /// How many signals a watcher may lag behind before it is cut.
        package var watchBuffer = 1_000

        /// The default limits.
        package init() {}
    }

    let queue: DatabaseQueue
    let hub: WatchHub
    let settings: Settings

    private init(queue: DatabaseQueue, current: Int, settings: Settings) {
        self.queue = queue
        self.settings = settings
        hub = WatchHub(current: current, bufferLimit: settings.watchBuffer)
    }

    /// Opens the store, creating file and folder as needed.
    ///
    /// - Throws: `GatewayError` that says what to do about a damaged, locked, unreadable or newer file.
    package static func open(_ path: String, settings: Settings = Settings()) async throws(GatewayError) -> ObjectStore
    {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            try Folder.create(String(path[..<slash]), mode: 0o700)
        }
        do {
            let limit = settings.historyLimit
            // Before SQLite makes it: the -wal file gets the permissions that the database has.
            let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            if descriptor >= 0 { Glibc.close(descriptor) }
            let queue = try DatabaseQueue(path: path, configuration: configuration())
            let current = try await queue.writeWithoutTransaction { db in
                try prepare(db, path: path, historyLimit: limit)
            }
            return ObjectStore(queue: queue, current: current, settings: settings)
        } catch {
            throw StoreError.opening(path, error)
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "object-store"
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { db in
            // Two gateways on one file would each hand out the same versions: one process holds the file.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        return configuration
    }

    private static func prepare(_ db: Database, path: String, historyLimit: Int) throws -> Int {
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? ""
        guard verdict == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: verdict) }
        var current = 1
        try db.inTransaction(.exclusive) {
            try StoreMigrations.run(db, path: path)
            current = try StoreRows.currentVersion(db)
            try StoreRows.trim(db, current: current, limit: historyLimit)
            return .commit
        }
        return current
    }

    /// The newest version.
    package var currentVersion: Int { hub.current }
    /// How many watches run.
    package var watcherCount: Int { hub.watcherCount }

    /// Ends every watch, cleanly behind what was delivered; for shutting down.
    package func endWatches() { hub.endAll() }

    /// Closes the file; calls after that fail.
    package func close() throws(GatewayError) {
        do { try queue.close() } catch { throw StoreError.using(error) }
    }

    // MARK: Reading

    /// One object; nil if there is none.
    package func get(_ key: ObjectKey) async throws(GatewayError) -> StoredObject? {
        try await access { db in try StoreRows.fetch(db, key) }
    }

    /// A page of objects, always of the newest state.
    ///
    /// - Parameters:
    ///   - namespace: nil for all of them.
    ///   - limit: the most items; nil for all.
    ///   - after: namespace and name of the last item of the page before.
    package func list(
        _ resource: ResourceID, namespace: String? = nil, limit: Int? = nil, after: ObjectKey? = nil
    ) async throws(GatewayError) -> StorePage {
        let rows = try await access { db in
            try StoreRows.page(db, resource, namespace: namespace, limit: limit, after: after)
        }
        // Not with the database held: reading the text of thousands of objects would hold up every write.
        return StorePage(
            items: try await Self.objects(rows.items), version: rows.version, hasMore: rows.hasMore,
            remaining: rows.remaining)
    }

    /// Reads the bodies of rows; gives up when the task is cancelled.
    private static func objects(_ rows: [StoredRow]) async throws(GatewayError) -> [StoredObject] {
        var objects: [StoredObject] = []
        objects.reserveCapacity(rows.count)
        for row in rows {
            if objects.count % 64 == 63 {
                guard !Task.isCancelled else {
                    throw GatewayError(.clientClosedRequest, "the request was given up")
                }
                await Task.yield()
            }
            do { objects.append(try row.object()) } catch { throw StoreError.using(error) }
        }
        return objects
    }

    /// The oldest version a watch or a continued list may start from.
    package func oldestVersion() async throws(GatewayError) -> Int {
        try await access { db in try StoreRows.compactedVersion(db) }
    }

    /// Starts a watch, at one point of the order of commits.
    ///
    /// - Parameters:
    ///   - namespace: nil for all of them.
    ///   - from: only changes after this version; nil for the whole state as additions, then every change.
    ///   - sendsState: false to begin with now and nothing else when `from` is nil.
    /// - Throws: 410 `Expired` when `from` is older than the kept history.
    package func watch(
        _ resource: ResourceID, namespace: String? = nil, from: Int? = nil, sendsState: Bool = true
    ) async throws(GatewayError) -> StoreWatch {
        let (watch, state) = try await access { [hub] db in
            let current = try StoreRows.currentVersion(db)
            var initial: [StoreEvent] = []
            var state: [StoredRow] = []
            if let from {
                let oldest = try StoreRows.compactedVersion(db)
                guard from >= oldest else {
                    throw GatewayError.tooOld(requested: String(from), oldest: String(oldest))
                }
                initial = try StoreRows.history(db, resource, namespace: namespace, after: from)
            } else if sendsState {
                state = try StoreRows.page(db, resource, namespace: namespace, limit: nil, after: nil).items
            }
            let (signals, handle) = hub.register(resource, namespace: namespace)
            return (StoreWatch(initial: initial, version: current, signals: signals, handle: handle), state)
        }
        guard !state.isEmpty else { return watch }
        do throws(GatewayError) {
            let initial = try await Self.objects(state).map { StoreEvent(kind: .added, object: $0, previous: nil) }
            return StoreWatch(initial: initial, version: watch.version, signals: watch.signals, handle: watch.handle)
        } catch {
            watch.handle.end()
            throw error
        }
    }

    // MARK: Writing

    /// Stores a new object.
    ///
    /// - Throws: 409 `AlreadyExists`.
    package func create(_ key: ObjectKey, _ body: JSONValue, manifest: String? = nil) async throws(GatewayError)
        -> StoredObject
    {
        try await commit { db in
            guard try StoreRows.fetch(db, key) == nil else {
                throw GatewayError.alreadyExists(key.resource.resource, group: key.resource.group, name: key.name)
            }
            return (.added, body, manifest, nil)
        } key: {
            key
        }
    }

    /// Replaces an object.
    ///
    /// - Parameter expecting: the version the stored object must have.
    /// - Throws: 404, or 409 `Conflict` if the object changed meanwhile.
    package func update(_ key: ObjectKey, _ body: JSONValue, expecting: Int, manifest: String?)
        async throws(GatewayError)
        -> StoredObject
    {
        try await commit { db in
            let old = try StoreRows.require(db, key)
            guard old.version == expecting else {
                throw GatewayError.conflict(key.resource.resource, group: key.resource.group, name: key.name)
            }
            return (.modified, body, manifest, old.body)
        } key: {
            key
        }
    }

    /// Removes an object; returns its last state with the version of the deletion.
    ///
    /// - Throws: 404, or 409 `Conflict` if a precondition doesn't hold.
    package func delete(_ key: ObjectKey, _ conditions: Preconditions = Preconditions()) async throws(GatewayError)
        -> StoredObject
    {
        try await commit { db in
            let old = try StoreRows.require(db, key)
            try StoreRows.check(old, conditions)
            return (.deleted, old.body, old.manifest, old.body)
        } key: {
            key
        }
    }

    private typealias Change = (StoreEvent.Kind, JSONValue, String?, JSONValue?)

    /// Numbers, writes and publishes one change, in one turn on the database.
    private func commit(
        _ decide: @escaping @Sendable (Database) throws -> Change, key: @escaping @Sendable () -> ObjectKey
    ) async throws(GatewayError) -> StoredObject {
        let limit = settings.historyLimit
        return try await access { [hub] db in
            var event: StoreEvent?
            try db.inTransaction(.immediate) {
                let (kind, body, manifest, previous) = try decide(db)
                let version = try StoreRows.nextVersion(db)
                var numbered = body
                numbered["metadata"]?["resourceVersion"] = .string(String(version))
                let object = StoredObject(key: key(), version: version, manifest: manifest, body: numbered)
                let change = StoreEvent(kind: kind, object: object, previous: previous)
                try StoreRows.write(db, change)
                try StoreRows.trim(db, current: version, limit: limit)
                event = change
                return .commit
            }
            guard let event else {
                throw GatewayError(.internalError, "the store did not commit the change; try again")
            }
            hub.publish(event)
            return event.object
        }
    }

    private func access<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(GatewayError) -> T {
        do { return try await queue.writeWithoutTransaction(body) } catch { throw StoreError.using(error) }
    }
}
