import Bytes
import DataPlaneAPI
import Logging
import Storage
import SystemKit

/// Keeps the store in step with manifest files: what they hold is made and updated, what they no longer hold is removed.
///
/// Nothing is removed while any file has a fault, so a typing error or a half-written file takes no route away. What hasn't
/// changed costs next to nothing: a file that looks the same isn't read, and a document whose hash is kept beside its
/// objects isn't parsed.
package actor ManifestFolder {
    /// So many objects are written side by side, and share what the disk takes.
    private static let together = 32
    /// Of the time between two looks at the files, so much goes into looking at the most.
    private static let share = 25

    /// A file without faults, as it was applied last.
    private struct Applied {
        let facts: FileFacts
        let readMS: Int
        let keys: [ObjectKey]
    }

    private let paths: [String]
    private let store: WatchCache
    private let registry: KindRegistry
    private let logger: Logger
    private var lastFaults: [ManifestFault] = []
    private var applied: [String: Applied] = [:]
    private var emptied = EmptiedFiles()
    private var pace = Pace(rate: 500, burst: 500)
    /// How many documents were read, rather than known by their hash.
    private(set) var readCount = 0

    /// A controller for files and folders; none means that objects of earlier manifests become ordinary ones.
    package init(
        paths: [String], store: WatchCache, registry: KindRegistry, logger: Logger
    ) {
        self.paths = paths.map(Folder.absolute)
        self.store = store
        self.registry = registry
        self.logger = logger
    }

    /// Whether all of the files are applied in a moment, whatever has changed.
    package nonisolated var isSmall: Bool {
        let files = Folder.fingerprint(paths, endings: ManifestReader.endings)
        return files.count <= 100 && files.values.reduce(0) { $0 + min($1.size, 1 << 20) } <= 256 << 10
    }

    /// Applies the files, then looks for changes once a second, with very many files less often, until the task is
    /// cancelled.
    ///
    /// - Parameter started: called after the first pass.
    package func run(started: @Sendable () -> Void = {}) async {
        var (seen, pause) = look()
        _ = await apply()
        started()
        var lastPass = ContinuousClock.now
        while !Task.isCancelled {
            do { try await Task.sleep(for: pause) } catch { return }
            let now: [String: FileFacts]
            (now, pause) = look()
            // A fault may also go away in the store: an object in the way is deleted, the disk has space again.
            let rest = ContinuousClock.now - lastPass
            let isDue = !lastFaults.isEmpty && rest >= .seconds(10) || emptied.areWaiting && rest >= .seconds(1)
            guard now != seen || isDue else { continue }
            do { seen = try await settled(now) } catch { return }
            _ = await apply()
            lastPass = .now
        }
    }

    /// What the files look like, and how long to wait before the next look.
    private func look() -> (files: [String: FileFacts], pause: Duration) {
        let start = ContinuousClock.now
        let files = Folder.fingerprint(paths, endings: ManifestReader.endings)
        return (files, min(max(.seconds(1), (.now - start) * Self.share), .seconds(10)))
    }

    /// Waits until the files stay as they are for a moment: one that is just being written may be empty or end between
    /// two documents, and would look as if its objects were withdrawn.
    ///
    /// - Returns: what they look like then, or after five seconds without rest.
    private func settled(_ first: [String: FileFacts]) async throws -> [String: FileFacts] {
        var last = first
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(250))
            let (now, _) = look()
            if now == last { break }
            last = now
        }
        return last
    }

    /// Brings the store in step once.
    ///
    /// - Returns: everything that stood in the way.
    package func apply(now: ContinuousClock.Instant = .now) async -> [ManifestFault] {
        let index = ManifestIndex(store, registry.kinds)
        var reader = ManifestReader(registry.kinds)
        var files: [String: Applied] = [:]
        var inTheWay: [ManifestFault] = []
        var waiting: [ManifestObject] = []
        var held: Set<String> = []
        var count = 0
        for path in paths {
            for (file, facts) in reader.files(path) {
                // The gateway stops; what is missing is made at the next start.
                guard !Task.isCancelled else { return reader.faults + inTheWay }
                let found = read(file, facts, index, &reader)
                if found?.keys.isEmpty == true, index.holdsAnything(of: file), isHeld(file, now) {
                    held.insert(file)
                } else {
                    files[file] = found
                }
                waiting += reader.takeObjects()
                while waiting.count >= Self.together {
                    let batch = Array(waiting.prefix(Self.together))
                    waiting.removeFirst(batch.count)
                    inTheWay += await each(batch) { (folder, object) throws(GatewayError) in
                        try await folder.put(object)
                    }
                }
                count += 1
                if count.isMultiple(of: 64) { await Task.yield() }
            }
        }
        inTheWay += await each(waiting) { (folder, object) throws(GatewayError) in try await folder.put(object) }
        guard !Task.isCancelled else { return reader.faults + inTheWay }
        for fault in inTheWay { files[fault.file] = nil }
        applied = files
        emptied.keep(only: held)
        if paths.isEmpty {
            inTheWay += await each(fromManifests()) { (folder, found) throws(GatewayError) in
                try await folder.release(found)
            }
        } else if reader.faults.isEmpty {
            let unwanted = fromManifests().filter { reader.places[$0.key] == nil && !held.contains($0.file) }
            inTheWay += await each(unwanted) { (folder, found) throws(GatewayError) in try await folder.withdraw(found)
            }
        }
        report(reader.faults + inTheWay)
        return lastFaults
    }

    /// Whether the objects of a file that has become empty stay for now.
    private func isHeld(_ file: String, _ now: ContinuousClock.Instant) -> Bool {
        switch emptied.verdict(file, now) {
        case .begins:
            logger.notice(
                "manifest: a file that held objects is empty; they are removed if it still is in a few seconds",
                metadata: ["file": "\(file)", "seconds": "\(EmptiedFiles.patience.components.seconds)"])
            return true
        case .waits: return true
        case .ends:
            logger.notice("manifest: the file is still empty; its objects are removed", metadata: ["file": "\(file)"])
            return false
        }
    }

    private func report(_ faults: [ManifestFault]) {
        for fault in faults where !lastFaults.contains(fault) {
            var place: Logger.Metadata = [:]
            if !fault.file.isEmpty { place["file"] = "\(fault.file)" }
            if fault.line > 0 { place["line"] = .stringConvertible(fault.line) }
            if !fault.field.isEmpty { place["field"] = "\(fault.field)" }
            logger.error("manifest: \(fault.message)", metadata: place)
        }
        if faults.isEmpty, !lastFaults.isEmpty { logger.notice("manifest: every file is in order again") }
        lastFaults = faults
    }

    /// Reads what of a file isn't known already.
    ///
    /// - Returns: nil for a file with a fault: it is read again each time.
    private func read(
        _ file: String, _ facts: FileFacts, _ index: ManifestIndex, _ reader: inout ManifestReader
    ) -> Applied? {
        if let known = applied[file], known.facts == facts, facts.isSettled(atMS: known.readMS),
            index.holds(known.keys, of: file), reader.take(known.keys, of: file)
        {
            return known
        }
        let readMS = WallClock.milliseconds()
        let before = reader.objects.count
        let keys = reader.readFile(file) { index.keys(file: file, hash: $0) }
        readCount += reader.objects.count - before
        return keys.map { Applied(facts: facts, readMS: readMS, keys: $0) }
    }

    /// Does something with each of some objects, side by side in small groups, at a bounded rate.
    private func each<Item: ManifestItem>(
        _ items: [Item], _ body: @escaping @Sendable (ManifestFolder, Item) async throws(GatewayError) -> Void
    ) async -> [ManifestFault] {
        var faults: [ManifestFault] = []
        for start in stride(from: 0, to: items.count, by: Self.together) {
            guard !Task.isCancelled else { return faults }
            let batch = items[start..<min(start + Self.together, items.count)]
            let failed = await withTaskGroup(of: (Int, ManifestFault)?.self) { group in
                for (index, item) in zip(batch.indices, batch) {
                    group.addTask {
                        do throws(GatewayError) { try await body(self, item) } catch {
                            return (index, ManifestFault(file: item.file, line: item.line, message: error.message))
                        }
                        return nil
                    }
                }
                var failed: [(Int, ManifestFault)] = []
                for await fault in group { if let fault { failed.append(fault) } }
                return failed
            }
            faults += failed.sorted { $0.0 < $1.0 }.map(\.1)
            let delay = pace.delay(after: batch.count)
            if delay > .zero { try? await Task.sleep(for: delay) }
        }
        return faults
    }

    private func put(_ object: ManifestObject) async throws(GatewayError) {
        let writer = ObjectWriter(
            store: store, definition: object.definition, kinds: registry.kinds, manifest: object.note)
        let options = WriteOptions(manager: "manifest-folder")
        let input = BodyReader.Result(json: Self.desired(object.json), faults: [])
        guard let old = store.find(object.key) else {
            _ = try await writer.create(input, namespace: object.key.namespace, name: object.key.name, options: options)
            logger.info("manifest: created \(object.definition.kind) \(object.key.name) from \(object.file)")
            return
        }
        guard old.manifest != nil else {
            throw GatewayError(
                .conflict,
                "\(object.definition.kind) \"\(object.key.name)\" exists already and was made by hand; delete it "
                    + "(kubectl delete \(object.definition.singular) \(object.key.name)), or take it out of the file")
        }
        let outcome = try await writer.update(object.key, endpoint: .main, options: options, retries: true) { _, _ in
            input
        }
        if outcome.isWritten {
            logger.info("manifest: updated \(object.definition.kind) \(object.key.name) from \(object.file)")
        }
    }

    /// What a file wants, without what only the server sets; so an object that was exported may be used as it is.
    private static func desired(_ json: JSONValue) -> JSONValue {
        var json = json
        for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"] {
            json["metadata"]?[field] = nil
        }
        json["status"] = nil
        return json
    }

    /// Removes an object that no file holds any more.
    private func withdraw(_ found: Found) async throws(GatewayError) {
        let (definition, object) = (found.definition, found.object)
        let writer = ObjectWriter(
            store: store, definition: definition, kinds: registry.kinds, manifest: object.manifestNote)
        let isMarked = object.body["metadata"]?["deletionTimestamp"] != nil
        _ = try await writer.delete(found.key, conditions: Preconditions(uid: object.uid), dryRun: false)
        if !isMarked {
            logger.info("manifest: removed \(definition.kind) \(found.key.name): no file holds it any more")
        }
    }

    /// Leaves an object of an earlier manifest to be edited by hand.
    private func release(_ found: Found) async throws(GatewayError) {
        _ = try await store.update(found.key, found.object.body, expecting: found.object.version, note: nil)
    }

    private func fromManifests() -> [Found] {
        var found: [Found] = []
        for definition in registry.kinds.definitions {
            var walk = store.state(definition.id).walk()
            while let object = walk.next() {
                if object.note != nil { found.append(Found(definition: definition, object: object)) }
            }
        }
        return found
    }
}

/// Something that a fault of a manifest can be about.
private protocol ManifestItem: Sendable {
    var file: String { get }
    var line: Int { get }
}

extension ManifestObject: ManifestItem {}

/// A stored object that comes from a manifest.
private struct Found: ManifestItem {
    let definition: ResourceDefinition
    let object: StoredObject

    var key: ObjectKey { object.key }
    var file: String { object.manifest ?? "" }
    var line: Int { 0 }
}
