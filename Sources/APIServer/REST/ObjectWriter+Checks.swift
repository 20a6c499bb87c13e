import Bytes
import DataPlaneAPI
import Storage

/// The rules that every write obeys.
extension ObjectWriter {
    func check(_ input: BodyReader.Result, _ options: WriteOptions) throws(GatewayError) -> [String] {
        let faults = input.faults + definition.structure.unknownFields(in: input.json).map { "unknown field \"\($0)\"" }
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

    func settled(_ object: JSONValue) throws(GatewayError) -> JSONValue {
        ObjectMetadata.cleaned(try definition.settled(object))
    }

    /// What the kind makes of an object, or its refusal; nothing is held meanwhile.
    func admitted(
        _ operation: KindContext.Operation, _ object: JSONValue, _ old: JSONValue?, _ options: WriteOptions
    ) async throws(GatewayError) -> JSONValue {
        guard let admit = definition.admit else { return object }
        var result = try settled(try await admit(context(operation, object, old, options)))
        // Which object it is, and what only the server says of it, is nobody else's to change.
        ObjectMetadata.restore(ObjectMetadata.fixed, in: &result, from: object)
        if definition.hasStatus { result["status"] = object["status"] }
        for field in ["apiVersion", "kind"] { result[field] = object[field] }
        return result
    }

    /// What the kind itself has against an object.
    func faults(
        _ operation: KindContext.Operation, _ object: JSONValue, _ old: JSONValue?, _ options: WriteOptions
    ) throws(GatewayError) -> [StatusCause] {
        let own = try definition.validate?(context(operation, object, old, options)) ?? []
        // A status must find its way even to an object that today's rules for the rest would refuse.
        return operation == .status ? own : definition.structure.faults(of: object) + own
    }

    /// What the functions of the kind are told.
    func context(
        _ operation: KindContext.Operation, _ object: JSONValue, _ old: JSONValue?, _ options: WriteOptions
    ) -> KindContext {
        KindContext(
            operation, object, old: old, user: user, authorizer: authorizer, isDryRun: options.dryRun, kinds: kinds,
            reader: store)
    }

    func refuse(_ causes: [StatusCause], _ object: JSONValue) throws(GatewayError) {
        guard !causes.isEmpty else { return }
        let name = object["metadata"]?["name"]?.asString ?? ""
        throw .invalid(kind: definition.kind, group: definition.group, name: name, causes)
    }

    func finalizerFaults(_ new: JSONValue, _ old: JSONValue) -> [StatusCause] {
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
    func isFinished(_ object: JSONValue) -> Bool {
        object["metadata"]?["deletionTimestamp"] != nil
            && (object["metadata"]?["finalizers"]?.asArray ?? []).isEmpty
    }

    func isNewGeneration(_ new: JSONValue, _ old: JSONValue) -> Bool {
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

    func guarded(_ object: StoredObject, _ file: String, _ verb: String) -> GatewayError {
        let details = GatewayError.Details(
            name: object.key.name, group: definition.group, kind: definition.plural, uid: object.uid)
        return GatewayError(
            .forbidden,
            "\(definition.plural).\(definition.group) \"\(object.key.name)\" is forbidden: it comes from the manifest file "
                + "\(file) and can't be \(verb) by hand; edit that file instead, the gateway follows it",
            details: details)
    }
}
