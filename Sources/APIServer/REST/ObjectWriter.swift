import Access
import Bytes
import DataPlaneAPI
import Storage
import SystemKit

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

    let store: WatchCache
    let definition: ResourceDefinition
    /// The kinds there are.
    var kinds = Kinds()
    /// Who writes; nil for the gateway itself.
    var user: User?
    /// What may be asked about what users may do; nil for the gateway itself.
    var authorizer: LoopAuthorizer?
    /// The manifest on whose behalf it is written; nil for a client.
    var manifest: ManifestNote?

    static let attempts = 5
    var paths: FieldPaths { definition.structure.paths }

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
            let new = try prepared(try await admitted(.create, object, nil, options), options)
            let name = new["metadata"]?["name"]?.asString ?? ""
            outcome.body = new
            let key = ObjectKey(definition.id, namespace: namespace, name: name)
            do throws(GatewayError) {
                if options.dryRun {
                    if store.find(key) != nil {
                        throw .alreadyExists(definition.plural, group: definition.group, name: name)
                    }
                    outcome.isWritten = false
                } else {
                    let made = try await store.create(key, new, note: manifest?.text)
                    outcome.body["metadata"]?["resourceVersion"] = .string(String(made.version))
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
        let causes = ObjectMetadata.validate(object) + (try faults(.create, object, nil, options))
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
}
