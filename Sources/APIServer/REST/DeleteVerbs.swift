import Bytes
import DataPlaneAPI
import Storage

/// delete and deletecollection.
struct DeleteVerbs: Sendable {
    let store: WatchCache
    let target: ResourceTarget
    let request: APIRequest

    private struct Options {
        var conditions = Preconditions()
        var dryRun = false
    }

    private var definition: ResourceDefinition { target.definition }
    private var writer: ObjectWriter { ObjectWriter(store: store, definition: definition) }

    func delete() async throws(GatewayError) -> APIResponse {
        let options = try options()
        let (object, isGone) = try await writer.delete(
            target.key, conditions: options.conditions, dryRun: options.dryRun)
        guard isGone else { return try Renderer(definition, request, .object).object(object) }
        let details = GatewayError.Details(
            name: target.name ?? "", group: definition.group, kind: definition.plural,
            uid: object.uid)
        return APIResponse(body: StatusBody.success(details))
    }

    func deleteCollection(_ slots: Slots) async throws(GatewayError) -> PreparedList {
        let options = try options()
        let selection = try ListOptions(request, definition)
        let renderer = try Renderer(definition, request, .list)
        let slot = try slots.take()
        var walk = store.state(definition.id).walk(namespace: target.namespace)
        var chosen: [StoredObject] = []
        while let object = walk.next() {
            if selection.matches(object) { chosen.append(object) }
        }
        // All or nothing where it can be known before: an object that a file holds refuses the call.
        if let held = chosen.first(where: { $0.manifest != nil }), let file = held.manifest {
            throw GatewayError(
                .forbidden,
                "\(definition.plural).\(definition.group) \"\(held.key.name)\" is forbidden: it comes from the manifest file "
                    + "\(file) and can't be deleted by hand; select the others by label, or edit that file",
                details: .init(name: held.key.name, group: definition.group, kind: definition.plural))
        }
        var deleted: [StoredObject] = []
        for object in chosen {
            do throws(GatewayError) {
                deleted.append(
                    try await writer.delete(object.key, conditions: options.conditions, dryRun: options.dryRun).object)
            } catch {
                guard error.code == .notFound else { throw error }
            }
        }
        let metadata: JSONValue = ["resourceVersion": .string(String(store.version))]
        return PreparedList(ListSource(renderer, .chosen(deleted[...]), metadata: metadata), slot)
    }

    /// The options of the body, or of the query when there is no body.
    private func options() throws(GatewayError) -> Options {
        let values = request.parameters("dryRun").filter { !$0.isEmpty }
        var dryRuns = values
        var options = Options()
        var orphan = request.parameter("orphanDependents") != nil
        var policy = request.parameter("propagationPolicy")
        if !request.body.isEmpty {
            let body = try BodyReader.object(request).json
            guard body.asObject != nil else { throw GatewayError(.badRequest, "the body must be a JSON object") }
            let given = try body.object("preconditions").map { JSONValue.object($0) }
            options.conditions = Preconditions(
                uid: try given?.string("uid", in: "preconditions"),
                resourceVersion: try given?.string("resourceVersion", in: "preconditions"))
            policy = try body.string("propagationPolicy") ?? policy
            orphan = try body.bool("orphanDependents") != nil || orphan
            if let list = try body.array("dryRun") { dryRuns = list.map { $0.asString ?? "" } }
        }
        var causes: [StatusCause] = []
        for value in dryRuns where value != "All" {
            causes.append(.notSupported("dryRun", value, supported: ["All"]))
        }
        if let policy, !["Orphan", "Background", "Foreground"].contains(policy) {
            causes.append(
                .notSupported("propagationPolicy", policy, supported: ["Foreground", "Background", "Orphan"]))
        }
        if policy != nil, orphan {
            causes.append(
                .invalid(
                    "propagationPolicy", string: policy ?? "",
                    "orphanDependents and deletionPropagation cannot be both set"))
        }
        guard causes.isEmpty else {
            throw .invalid(kind: "DeleteOptions", group: "meta.k8s.io", name: "", causes)
        }
        options.dryRun = !dryRuns.isEmpty
        return options
    }
}
