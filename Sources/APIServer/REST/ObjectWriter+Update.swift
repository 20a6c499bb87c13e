import Bytes
import DataPlaneAPI
import Storage
import SystemKit

/// Changing what is stored.
extension ObjectWriter {
    /// Changes a stored object: looks, lets `change` make the new state, writes; again if somebody wrote in between.
    ///
    /// - Parameters:
    ///   - isApply: whether `change` kept the managed fields itself.
    ///   - retries: whether a conflict leads to another try; not when the client named a version.
    ///   - change: makes the new state of the stored object and its tree.
    func update(
        _ key: ObjectKey, endpoint: Endpoint, options: WriteOptions, isApply: Bool = false, retries: Bool,
        change: @Sendable (StoredObject, JSONValue) throws(GatewayError) -> BodyReader.Result
    ) async throws(GatewayError) -> Outcome {
        for attempt in 1...Self.attempts {
            guard let old = store.find(key) else { throw definition.notFound(key.name) }
            let body = old.body
            let input = try change(old, body)
            let warnings = try check(input, options)
            var (new, expected) = try await changed(input.json, old, body, endpoint, options, isApply)
            var outcome = Outcome(body: body, isCreated: false, warnings: warnings, isWritten: false)
            if ObjectMetadata.isSame(new, body), keepsNote(of: old) { return outcome }
            if let file = old.manifest, manifest == nil, endpoint == .main { throw guarded(old, file, "changed") }
            outcome.body = new
            if options.dryRun { return outcome }
            new["metadata"]?["resourceVersion"] = nil
            do throws(GatewayError) {
                let isGone = isFinished(new)
                let written =
                    isGone
                    ? try await store.delete(key, Preconditions(resourceVersion: String(old.version)))
                    : try await store.update(
                        key, new, expecting: expected ?? old.version, note: manifest?.text ?? old.note)
                outcome.body = new
                if !isGone { outcome.body["metadata"]?["resourceVersion"] = .string(String(written.version)) }
                outcome.isWritten = true
                return outcome
            } catch {
                guard error.code == .conflict, retries, expected == nil, attempt < Self.attempts else { throw error }
            }
        }
        throw definition.conflict(key.name)
    }

    /// Whether an object that stays the same needs no other note: a hash where it had none is worth a write, so that the
    /// next start needn't read its manifest; that the text around the object has changed isn't.
    private func keepsNote(of old: StoredObject) -> Bool {
        guard let manifest else { return true }
        let kept = old.manifestNote
        return kept?.file == manifest.file && (kept?.hash != nil || manifest.hash == nil)
    }

    /// The new state of a stored object, and the version the client expects, if it names one.
    private func changed(
        _ input: JSONValue, _ old: StoredObject, _ body: JSONValue, _ endpoint: Endpoint, _ options: WriteOptions,
        _ isApply: Bool
    ) async throws(GatewayError) -> (JSONValue, Int?) {
        let key = old.key
        let input = try identified(input, namespace: key.namespace, name: key.name)
        let expected = try expectedVersion(input, old)
        let given = input["metadata"]?["managedFields"]
        var new = try settled(input)
        if let uid = new["metadata"]?["uid"]?.asString, uid != old.uid {
            throw .conflict(
                definition.plural, group: definition.group, name: key.name,
                why: "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.uid)")
        }
        let fixed = ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"]
        switch endpoint {
        case .main:
            ObjectMetadata.restore(fixed, in: &new, from: body)
            if definition.hasStatus { new["status"] = body["status"] }
        case .status:
            let status = new["status"]
            new = body
            new["status"] = status
        }
        new["metadata"]?["resourceVersion"] = .string(String(old.version))
        if endpoint == .main { new = try await admitted(.update, new, body, options) }
        // A status must find its way even to an object that today's rules for the rest would refuse.
        if endpoint == .main {
            var causes = ObjectMetadata.validate(new)
            causes += try faults(.update, new, body, options)
            try refuse(causes + finalizerFaults(new, body), new)
        } else {
            try refuse(try faults(.status, new, body, options), new)
        }
        if endpoint == .main, isNewGeneration(new, body) {
            new["metadata"]?["generation"] = .int((body["metadata"]?["generation"]?.asInt ?? 0) &+ 1)
        }
        if isApply {
            new["metadata"]?["managedFields"] = given
        } else {
            recordOwners(&new, body, given: endpoint == .main ? given : nil, endpoint, options)
        }
        return (new, expected)
    }

    private func recordOwners(
        _ new: inout JSONValue, _ old: JSONValue, given: JSONValue?, _ endpoint: Endpoint, _ options: WriteOptions
    ) {
        let live = ManagedFields(old["metadata"]?["managedFields"]) ?? ManagedFields()
        var managed = ManagedFields.isReset(given) ? ManagedFields() : ManagedFields(given) ?? live
        managed.recordUpdate(
            by: ManagedFields.Writer(
                manager: options.manager, apiVersion: definition.apiVersion,
                subresource: endpoint == .status ? "status" : ""),
            from: owned(old, endpoint), to: owned(new, endpoint), now: WallClock.timestamp())
        new["metadata"]?["managedFields"] = managed.entries.isEmpty ? nil : managed.json
    }

    private func expectedVersion(_ input: JSONValue, _ old: StoredObject) throws(GatewayError) -> Int? {
        guard let text = input["metadata"]?["resourceVersion"]?.asString, !text.isEmpty, text != "0" else { return nil }
        guard let version = Int(text) else {
            throw .badField(.invalid("metadata.resourceVersion", string: text, "must be what the server sent"))
        }
        guard version == old.version else { throw definition.conflict(old.key.name) }
        return version
    }
}
