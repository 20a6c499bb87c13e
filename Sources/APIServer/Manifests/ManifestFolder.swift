import DataPlaneAPI
import Logging
import Storage
import SystemKit

/// Keeps the store in step with manifest files: what they hold is made and updated, what they no longer hold is removed.
///
/// Nothing is removed while any file has a fault, so a typing error or a half-written file takes no route away.
package actor ManifestFolder {
    private let paths: [String]
    private let store: WatchCache
    private let registry: KindRegistry
    private let logger: Logger
    private var lastFaults: [ManifestFault] = []

    /// A controller for files and folders; none means that objects of earlier manifests become ordinary ones.
    package init(
        paths: [String], store: WatchCache, registry: KindRegistry, logger: Logger
    ) {
        self.paths = paths.map(Folder.absolute)
        self.store = store
        self.registry = registry
        self.logger = logger
    }

    /// Applies the files, then looks for changes once a second until the task is cancelled.
    ///
    /// - Parameter started: called after the first pass, for readiness.
    package func run(started: @Sendable () -> Void = {}) async {
        var seen = Folder.fingerprint(paths, endings: ManifestReader.endings)
        _ = await apply()
        started()
        var idle = 0
        while !Task.isCancelled {
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
            let now = Folder.fingerprint(paths, endings: ManifestReader.endings)
            idle += 1
            // A fault may also go away in the store: an object in the way is deleted, the disk has space again.
            guard now != seen || !lastFaults.isEmpty && idle >= 10 else { continue }
            do { seen = try await settled(now) } catch { return }
            idle = 0
            _ = await apply()
        }
    }

    /// Waits until the files stay as they are for a moment: one that is just being written may be empty or end between
    /// two documents, and would look as if its objects were withdrawn.
    ///
    /// - Returns: what they look like then, or after five seconds without rest.
    private func settled(_ first: [String: FileFacts]) async throws -> [String: FileFacts] {
        var last = first
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(250))
            let now = Folder.fingerprint(paths, endings: ManifestReader.endings)
            if now == last { break }
            last = now
        }
        return last
    }

    /// Brings the store in step once.
    ///
    /// - Returns: everything that stood in the way.
    package func apply() async -> [ManifestFault] {
        let reader = ManifestReader.read(paths, registry.kinds)
        var faults = reader.faults
        for object in reader.objects {
            // The gateway stops; what is missing is made at the next start.
            guard !Task.isCancelled else { return faults }
            do throws(GatewayError) { try await put(object) } catch {
                faults.append(ManifestFault(file: object.file, line: object.line, message: error.message))
            }
        }
        guard !Task.isCancelled else { return faults }
        do throws(GatewayError) {
            if paths.isEmpty {
                try await release()
            } else if reader.faults.isEmpty {
                try await withdraw(except: Set(reader.objects.map(\.key)))
            }
        } catch {
            faults.append(ManifestFault(file: paths.first ?? "", message: error.message))
        }
        for fault in faults where !lastFaults.contains(fault) {
            var place: Logger.Metadata = [:]
            if !fault.file.isEmpty { place["file"] = "\(fault.file)" }
            if fault.line > 0 { place["line"] = .stringConvertible(fault.line) }
            if !fault.field.isEmpty { place["field"] = "\(fault.field)" }
            logger.error("manifest: \(fault.message)", metadata: place)
        }
        if faults.isEmpty, !lastFaults.isEmpty { logger.notice("manifest: every file is in order again") }
        lastFaults = faults
        return faults
    }

    private func put(_ object: ManifestObject) async throws(GatewayError) {
        let writer = ObjectWriter(
            store: store, definition: object.definition, kinds: registry.kinds, manifest: object.file)
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

    /// Removes the objects that no file holds any more.
    private func withdraw(except wanted: Set<ObjectKey>) async throws(GatewayError) {
        for definition in registry.kinds.definitions {
            for object in fromManifests(definition) where !wanted.contains(object.key) {
                let writer = ObjectWriter(
                    store: store, definition: definition, kinds: registry.kinds, manifest: object.manifest)
                let isMarked = object.body["metadata"]?["deletionTimestamp"] != nil
                _ = try await writer.delete(object.key, conditions: Preconditions(uid: object.uid), dryRun: false)
                guard !isMarked else { continue }
                logger.info("manifest: removed \(definition.kind) \(object.key.name): no file holds it any more")
            }
        }
    }

    /// Leaves the objects of earlier manifests to be edited by hand.
    private func release() async throws(GatewayError) {
        for definition in registry.kinds.definitions {
            for object in fromManifests(definition) {
                _ = try await store.update(object.key, object.body, expecting: object.version, manifest: nil)
            }
        }
    }

    private func fromManifests(_ definition: ResourceDefinition) -> [StoredObject] {
        var walk = store.state(definition.id).walk()
        var found: [StoredObject] = []
        while let object = walk.next() {
            if object.manifest != nil { found.append(object) }
        }
        return found
    }
}
