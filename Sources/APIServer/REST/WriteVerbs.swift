import Bytes
import DataPlaneAPI
import Storage
import SystemKit

/// create, update and patch.
struct WriteVerbs: Sendable {
    let store: WatchCache
    let target: ResourceTarget
    let request: APIRequest
    let kinds: Kinds

    private var definition: ResourceDefinition { target.definition }
    private var writer: ObjectWriter {
        ObjectWriter(
            store: store, definition: definition, kinds: kinds, user: request.user, authorizer: request.authorizer)
    }

    func create() async throws(GatewayError) -> APIResponse {
        let renderer = try Renderer(definition, request, .object)
        let options = try WriteOptions(request, kind: "CreateOptions")
        if definition.isNamespaced, target.namespace == nil {
            throw .methodNotAllowed("POST", allow: ["GET", "DELETE"])
        }
        let input = try BodyReader.object(request)
        let outcome = try await writer.create(
            input, namespace: target.namespace ?? "", name: nil, options: options)
        return answer(outcome, renderer)
    }

    func update() async throws(GatewayError) -> APIResponse {
        let renderer = try Renderer(definition, request, .object)
        let options = try WriteOptions(request, kind: "UpdateOptions")
        let input = try BodyReader.object(request)
        let version = (try? input.json["metadata"]?.string("resourceVersion")) ?? ""
        let (definition, name) = (definition, target.name ?? "")
        let outcome = try await writer.update(
            target.key, endpoint: target.endpoint, options: options, retries: false
        ) { _, _ throws(GatewayError) in
            guard !version.isEmpty, version != "0" else {
                throw .invalid(
                    kind: definition.kind, group: definition.group, name: name,
                    [.invalid("metadata.resourceVersion", "0x0", "must be specified for an update")])
            }
            return input
        }
        return answer(outcome, renderer)
    }

    /// Answers a create of a kind of which nothing is kept.
    func ask(
        _ answer: @Sendable (KindContext) async throws(GatewayError) -> JSONValue
    ) async throws(GatewayError) -> APIResponse {
        let renderer = try Renderer(definition, request, .object)
        let options = try WriteOptions(request, kind: "CreateOptions")
        let input = try BodyReader.object(request)
        let warnings = try writer.check(input, options)
        let object = try definition.settled(
            try writer.identified(input.json, namespace: target.namespace ?? "", name: nil))
        let context = writer.context(.create, object, nil, options)
        try writer.refuse(try definition.validate?(context) ?? [], object)
        var response = renderer.object(try await answer(context), status: 201)
        response.warnings = warnings
        return response
    }

    // MARK: Patch

    func patch() async throws(GatewayError) -> APIResponse {
        let type = request.contentType
        let renderer = try Renderer(definition, request, .object)
        switch type {
        case "application/apply-patch+yaml": return try await apply(renderer)
        case "application/json-patch+json", "application/merge-patch+json": break
        default:
            throw GatewayError(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: "
                    + "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml")
        }
        let options = try WriteOptions(request, kind: "PatchOptions")
        let body = try BodyReader.json(request.body)
        let change: @Sendable (JSONValue) throws(GatewayError) -> JSONValue
        if type == "application/merge-patch+json" {
            guard body.json.asObject != nil else {
                throw GatewayError(.badRequest, "a merge patch must be a JSON object, not \(body.json.typeName)")
            }
            change = { (live) throws(GatewayError) in MergePatch.apply(body.json, to: live) }
        } else {
            let (patch, definition, name) = (try JSONPatch(body.json), definition, target.name ?? "")
            change = { (live) throws(GatewayError) in
                do throws(JSONPatch.Fault) { return try patch.apply(to: live) } catch {
                    throw GatewayError(
                        .invalid, "the server rejected our request due to an error in our request: \(error.message)",
                        details: .init(name: name, group: definition.group, kind: definition.plural))
                }
            }
        }
        let outcome = try await writer.update(
            target.key, endpoint: target.endpoint, options: options, retries: true
        ) { _, old throws(GatewayError) in
            var json = try change(old)
            // The version counts only if the patch itself names one.
            if json["metadata"]?["resourceVersion"] == old["metadata"]?["resourceVersion"],
                body.json["metadata"]?["resourceVersion"] == nil
            {
                json["metadata"]?["resourceVersion"] = nil
            }
            return BodyReader.Result(json: json, faults: body.faults)
        }
        return answer(outcome, renderer)
    }

    private func apply(_ renderer: Renderer) async throws(GatewayError) -> APIResponse {
        let options = try WriteOptions(request, kind: "PatchOptions", isApply: true)
        var input = try Self.document(request)
        let (writer, definition, target) = (writer, definition, target)
        guard (input.json["apiVersion"]?.asString ?? "") != "", (input.json["kind"]?.asString ?? "") != "" else {
            throw GatewayError(.badRequest, "an apply configuration must have apiVersion and kind")
        }
        if let managed = input.json["metadata"]?["managedFields"], !managed.isNull, managed != .array([]) {
            throw GatewayError(.badRequest, "metadata.managedFields must be nil")
        }
        input.json = try writer.identified(input.json, namespace: target.namespace ?? "", name: target.name)
        // Unknown fields are told about, but nobody comes to own them.
        input.faults += definition.structure.unknownFields(in: input.json).map { "unknown field \"\($0)\"" }
        input.json = Self.reset(try definition.wanted(input.json), target.endpoint, definition)
        let configuration = input
        let merge = ServerSideApply(
            paths: definition.structure.paths,
            writer: .init(
                manager: options.manager, apiVersion: definition.apiVersion, subresource: target.subresource ?? ""),
            force: options.force, now: WallClock.timestamp())

        for attempt in 1...3 {
            if store.find(target.key) != nil {
                let outcome = try await writer.update(
                    target.key, endpoint: target.endpoint, options: options, isApply: true, retries: true
                ) { _, old throws(GatewayError) in
                    var merged = try merge.apply(configuration.json, to: old)
                    let given = configuration.json["metadata"]?["resourceVersion"]
                    merged["metadata"]?["resourceVersion"] = given
                    return BodyReader.Result(json: merged, faults: configuration.faults)
                }
                return answer(outcome, renderer)
            }
            guard target.endpoint == .main else { throw definition.notFound(target.name ?? "") }
            do throws(GatewayError) {
                var merged = try merge.apply(configuration.json, to: nil)
                merged["metadata"]?["resourceVersion"] = nil
                let outcome = try await writer.create(
                    BodyReader.Result(json: merged, faults: configuration.faults), namespace: target.namespace ?? "",
                    name: target.name, options: options)
                return answer(outcome, renderer)
            } catch {
                guard error.code == .alreadyExists, attempt < 3 else { throw error }
            }
        }
        throw definition.conflict(target.name ?? "")
    }

    /// An apply body: JSON, which kubectl sends, or YAML.
    private static func document(_ request: APIRequest) throws(GatewayError) -> BodyReader.Result {
        let start = request.body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        if start == UInt8(ascii: "{") { return try BodyReader.json(request.body) }
        return BodyReader.Result(json: try BodyReader.yaml(request.body), faults: [])
    }

    /// Leaves out what the endpoint may not set, so that nobody comes to own it.
    private static func reset(
        _ configuration: JSONValue, _ endpoint: ObjectWriter.Endpoint, _ definition: ResourceDefinition
    ) -> JSONValue {
        guard definition.hasStatus else { return configuration }
        var configuration = configuration
        if endpoint == .main {
            configuration["status"] = nil
        } else {
            for member in configuration.asObject ?? [:]
            where !["apiVersion", "kind", "metadata", "status"].contains(member.key) {
                configuration[member.key] = nil
            }
            configuration["metadata"] = ["name": configuration["metadata"]?["name"] ?? ""]
        }
        return configuration
    }

    private func answer(_ outcome: ObjectWriter.Outcome, _ renderer: Renderer) -> APIResponse {
        var response = renderer.object(outcome.body, status: outcome.isCreated ? 201 : 200)
        response.warnings = outcome.warnings
        return response
    }
}
