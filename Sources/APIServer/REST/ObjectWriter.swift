import DataPlaneAPI

/// The way of every object into the store: checks, defaults, metadata, owners of fields.
struct ObjectWriter: Sendable {
    /// What came of a write.
    struct Outcome: Sendable {
        var body: JSONValue
        var isCreated: Bool
        var warnings: [String] = []
        /// False if nothing changed or it was a dry run.
        var isWritten = true
    }

    /// How a write treats the object's parts.
    enum Endpoint: Sendable {
        case main, status
    }

    let store: ObjectStore
    let definition: any ResourceDefinition
    /// The manifest file on whose behalf it is written; nil for a client.
    var manifest: String?

    private static let attempts = 5
    private var paths: FieldPaths { FieldPaths(listKeys: definition.listKeys) }

    // MARK: Create

    /// Stores a new object.
    func create(
        _ input: BodyReader.Result, namespace: String, name: String?, options: WriteOptions
    ) async throws(GatewayError) -> Outcome {
        let warnings = try check(input, options)
        var object = try identified(input.json, namespace: namespace, name: name)
        let version = object["metadata"]?["resourceVersion"]?.asString ?? ""
        guard version.isEmpty || version == "0" else {
            throw GatewayError(.badRequest, "resourceVersion should not be set on objects to be created")
        }
        object = try settled(object)
        if definition.hasStatus { object["status"] = nil }
        var outcome = Outcome(body: .null, isCreated: true, warnings: warnings)
        let prefix = object["metadata"]?["generateName"]?.asString ?? ""
        let isGenerated = (object["metadata"]?["name"]?.asString ?? "").isEmpty && !prefix.isEmpty
        for attempt in 1...8 {
            if isGenerated { object["metadata"]?["name"] = .string("\(prefix.prefix(58))\(RandomText.suffix())") }
            let new = try prepared(object, options)
            let name = new["metadata"]?["name"]?.asString ?? ""
            outcome.body = new
            let key = ObjectKey(definition.id, namespace: namespace, name: name)
            do throws(GatewayError) {
                if options.dryRun {
                    if try await store.get(key) != nil {
                        throw .alreadyExists(definition.plural, group: definition.group, name: name)
                    }
                    outcome.isWritten = false
                } else {
                    outcome.body = try await store.create(key, new, manifest: manifest).body
                }
                return outcome
            } catch {
                guard isGenerated, error.code == .alreadyExists, attempt < 8 else { throw error }
            }
        }
        return outcome
    }

    /// A new object with everything the server adds.
    private func prepared(_ object: JSONValue, _ options: WriteOptions) throws(GatewayError) -> JSONValue {
        var object = object
        let now = WallClock.timestamp()
        for field in ["resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            object["metadata"]?[field] = nil
        }
        let causes = ObjectMetadata.validate(object) + (try definition.validate(create: object))
        try refuse(causes, object)
        object["metadata"]?["uid"] = .string(RandomText.uuid())
        object["metadata"]?["creationTimestamp"] = .string(now)
        object["metadata"]?["generation"] = 1
        if ManagedFields(object["metadata"]?["managedFields"]) == nil {
            var managed = ManagedFields()
            let writer = ManagedFields.Writer(manager: options.manager, apiVersion: definition.apiVersion)
            managed.recordUpdate(by: writer, from: [:], to: owned(object, .main), now: now)
            object["metadata"]?["managedFields"] = managed.json
        }
        return object
    }

    // MARK: Update

    /// Changes a stored object: looks, lets `change` make the new state, writes; again if somebody wrote in between.
    ///
    /// - Parameters:
    ///   - isApply: whether `change` kept the managed fields itself.
    ///   - retries: whether a conflict leads to another try; not when the client named a version.
    func update(
        _ key: ObjectKey, endpoint: Endpoint, options: WriteOptions, isApply: Bool = false, retries: Bool,
        change: @Sendable (StoredObject) throws(GatewayError) -> BodyReader.Result
    ) async throws(GatewayError) -> Outcome {
        for attempt in 1...Self.attempts {
            guard let old = try await store.get(key) else { throw definition.notFound(key.name) }
            let input = try change(old)
            let warnings = try check(input, options)
            var (new, expected) = try changed(input.json, old, endpoint, options, isApply)
            var outcome = Outcome(body: old.body, isCreated: false, warnings: warnings, isWritten: false)
            if ObjectMetadata.isSame(new, old.body), manifest == old.manifest || manifest == nil { return outcome }
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
                        key, new, expecting: expected ?? old.version, manifest: manifest ?? old.manifest)
                outcome.body = isGone ? new : written.body
                outcome.isWritten = true
                return outcome
            } catch {
                guard error.code == .conflict, retries, expected == nil, attempt < Self.attempts else { throw error }
            }
        }
        throw definition.conflict(key.name)
    }

    /// The new state of a stored object, and the version the client expects, if it names one.
    private func changed(
        _ input: JSONValue, _ old: StoredObject, _ endpoint: Endpoint, _ options: WriteOptions, _ isApply: Bool
    ) throws(GatewayError) -> (JSONValue, Int?) {
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
            ObjectMetadata.restore(fixed, in: &new, from: old.body)
            if definition.hasStatus { new["status"] = old.body["status"] }
        case .status:
            let status = new["status"]
            new = old.body
            new["status"] = status
        }
        new["metadata"]?["resourceVersion"] = .string(String(old.version))
        // A status must find its way even to an object that today's rules for the rest would refuse.
        if endpoint == .main {
            var causes = ObjectMetadata.validate(new)
            causes += try definition.validate(update: new, from: old.body)
            try refuse(causes + finalizerFaults(new, old.body), new)
        }
        if endpoint == .main, isNewGeneration(new, old.body) {
            new["metadata"]?["generation"] = .int((old.body["metadata"]?["generation"]?.asInt ?? 0) &+ 1)
        }
        if isApply {
            new["metadata"]?["managedFields"] = given
        } else {
            recordOwners(&new, old.body, given: endpoint == .main ? given : nil, endpoint, options)
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

    // MARK: Delete

    /// Removes an object, or marks it when finalizers remain.
    func delete(
        _ key: ObjectKey, conditions: Preconditions, dryRun: Bool
    ) async throws(GatewayError) -> (object: JSONValue, isGone: Bool) {
        for _ in 0..<Self.attempts {
            guard let old = try await store.get(key) else { throw definition.notFound(key.name) }
            if let file = old.manifest, manifest == nil { throw guarded(old, file, "deleted") }
            let finalizers = old.body["metadata"]?["finalizers"]?.asArray ?? []
            do throws(GatewayError) {
                if dryRun {
                    do { try StoreRows.check(old, conditions) } catch { throw StoreError.using(error) }
                    return (old.body, finalizers.isEmpty)
                }
                if finalizers.isEmpty {
                    var exact = conditions
                    exact.resourceVersion = exact.resourceVersion ?? String(old.version)
                    return (try await store.delete(key, exact).body, true)
                }
                do { try StoreRows.check(old, conditions) } catch { throw StoreError.using(error) }
                if old.body["metadata"]?["deletionTimestamp"] != nil { return (old.body, false) }
                var marked = old.body
                marked["metadata"]?["deletionTimestamp"] = .string(WallClock.timestamp())
                marked["metadata"]?["deletionGracePeriodSeconds"] = 0
                marked["metadata"]?["generation"] = .int((old.body["metadata"]?["generation"]?.asInt ?? 0) &+ 1)
                return (
                    try await store.update(key, marked, expecting: old.version, manifest: old.manifest).body, false
                )
            } catch {
                guard error.code == .conflict, conditions.resourceVersion == nil, conditions.uid == nil || !isUID(error)
                else { throw error }
            }
        }
        throw definition.conflict(key.name)
    }

    private func isUID(_ error: GatewayError) -> Bool { error.message.contains("UID in precondition") }

    // MARK: Checks

    private func check(_ input: BodyReader.Result, _ options: WriteOptions) throws(GatewayError) -> [String] {
        let faults = input.faults + definition.unknownFields(in: input.json).map { "unknown field \"\($0)\"" }
        switch options.fieldValidation {
        case .ignore: return []
        case .warn: return faults
        case .strict:
            guard faults.isEmpty else {
                throw GatewayError(.badRequest, "strict decoding error: \(faults.joined(separator: ", "))")
            }
            return []
        }
    }

    /// Checks apiVersion, kind, namespace and name against the path, and fills them in.
    func identified(_ input: JSONValue, namespace: String, name: String?) throws(GatewayError) -> JSONValue {
        guard input.asObject != nil else { throw GatewayError(.badRequest, "the body must be a JSON object") }
        let apiVersion = try input.string("apiVersion") ?? ""
        guard apiVersion.isEmpty || apiVersion == definition.apiVersion else {
            throw GatewayError(
                .badRequest,
                "the API version in the data (\(apiVersion)) does not match the expected API version "
                    + "(\(definition.apiVersion))")
        }
        let kind = try input.string("kind") ?? ""
        guard kind.isEmpty || kind == definition.kind else {
            throw GatewayError(
                .badRequest, "the kind in the data (\(kind)) does not match the expected kind (\(definition.kind))")
        }
        var object = input
        object["apiVersion"] = .string(definition.apiVersion)
        object["kind"] = .string(definition.kind)
        if try object.object("metadata") == nil { object["metadata"] = .emptyObject }
        let metadata = object["metadata"] ?? .emptyObject
        let ownNamespace = try metadata.string("namespace", in: "metadata") ?? ""
        guard ownNamespace.isEmpty || ownNamespace == namespace else {
            throw GatewayError(
                .badRequest, "the namespace of the provided object does not match the namespace sent on the request")
        }
        if definition.isNamespaced { object["metadata"]?["namespace"] = .string(namespace) }
        let ownName = try metadata.string("name", in: "metadata") ?? ""
        if let name {
            guard ownName.isEmpty || ownName == name else {
                throw GatewayError(
                    .badRequest, "the name of the object (\(ownName)) does not match the name on the URL (\(name))")
            }
            object["metadata"]?["name"] = .string(name)
        }
        return object
    }

    private func settled(_ object: JSONValue) throws(GatewayError) -> JSONValue {
        ObjectMetadata.cleaned(try definition.normalised(object))
    }

    private func refuse(_ causes: [StatusCause], _ object: JSONValue) throws(GatewayError) {
        guard !causes.isEmpty else { return }
        let name = object["metadata"]?["name"]?.asString ?? ""
        throw .invalid(kind: definition.kind, group: definition.group, name: name, causes)
    }

    private func finalizerFaults(_ new: JSONValue, _ old: JSONValue) -> [StatusCause] {
        guard old["metadata"]?["deletionTimestamp"] != nil else { return [] }
        let before = old["metadata"]?["finalizers"]?.asArray ?? []
        let added = (new["metadata"]?["finalizers"]?.asArray ?? []).filter { !before.contains($0) }
        guard !added.isEmpty else { return [] }
        let names = added.compactMap(\.asString).joined(separator: ", ")
        return [
            .forbidden(
                "metadata.finalizers",
                "no new finalizers can be added if the object is being deleted, found new finalizers \(names)")
        ]
    }

    /// Whether nothing holds a deleted object any more.
    private func isFinished(_ object: JSONValue) -> Bool {
        object["metadata"]?["deletionTimestamp"] != nil
            && (object["metadata"]?["finalizers"]?.asArray ?? []).isEmpty
    }

    private func isNewGeneration(_ new: JSONValue, _ old: JSONValue) -> Bool {
        var (new, old) = (new, old)
        for field in definition.hasStatus ? ["metadata", "status"] : ["metadata"] {
            new[field] = nil
            old[field] = nil
        }
        return !new.isEquivalent(to: old)
    }

    /// The fields that an endpoint may own.
    func owned(_ object: JSONValue, _ endpoint: Endpoint) -> [FieldPath: JSONValue] {
        let leaves = paths.leaves(object)
        guard definition.hasStatus else { return leaves }
        return leaves.filter { ($0.key.first == "f:status") == (endpoint == .status) }
    }

    private func guarded(_ object: StoredObject, _ file: String, _ verb: String) -> GatewayError {
        let details = GatewayError.Details(
            name: object.key.name, group: definition.group, kind: definition.plural, uid: object.uid)
        return GatewayError(
            .forbidden,
            "\(definition.plural).\(definition.group) \"\(object.key.name)\" is forbidden: it comes from the manifest file "
                + "\(file) and can't be \(verb) by hand; edit that file instead, the gateway follows it",
            details: details)
    }
}
