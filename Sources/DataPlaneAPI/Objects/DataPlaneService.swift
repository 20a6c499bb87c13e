import Bytes

/// Claims routes for a plugin or a backend: `aggregation.grafana.app/v0alpha1`, cluster-wide.
package struct DataPlaneService: Sendable, Hashable {
    /// The API group of the type.
    package static let group = "aggregation.grafana.app"
    /// The only version.
    package static let version = "v0alpha1"
    /// Group and version as objects carry them.
    package static let apiVersion = "aggregation.grafana.app/v0alpha1"
    /// The type's name.
    package static let kind = "DataPlaneService"
    /// The plural, as in paths.
    package static let resource = "dataplaneservices"
    /// The singular.
    package static let singular = "dataplaneservice"
    /// The groups of resources kubectl knows it under.
    package static let categories = ["dataplane", "all"]
    /// Short forms of the plural.
    package static let shortNames = ["dps"]

    /// What the object's author wants.
    package struct Spec: Sendable, Hashable {
        /// The plugin that answers; may be empty if the backend is no plugin.
        package var pluginID = ""
        /// `app` or `datasource`.
        package var pluginType = ""
        /// The API group to claim.
        package var group = ""
        /// The API version to claim.
        package var version = ""
        /// What is offered.
        package var services: [ServiceEntry] = []
        /// Where requests go; the plugin by default.
        package var backend = ServiceBackend()
        /// What bounds the requests of all services; nil where none is given.
        package var limits: ServiceLimits?

        /// Creates an empty specification.
        package init() {}
    }

    /// Name, labels and everything else about the object.
    package var metadata: ObjectMeta
    /// What the object's author wants.
    package var spec: Spec
    /// What the gateway found.
    package var conditions: [Condition]

    /// Creates an object.
    package init(metadata: ObjectMeta, spec: Spec, conditions: [Condition] = []) {
        self.metadata = metadata
        self.spec = spec
        self.conditions = conditions
    }

    /// Reads an object with defaults filled in; wrong types are a 400 that names the field.
    ///
    /// A missing `apiVersion` and `kind` mean this type. Unknown fields are dropped.
    package init(_ json: JSONValue) throws(GatewayError) {
        guard json.asObject != nil else { throw GatewayError(.badRequest, "the body must be a JSON object") }
        let apiVersion = try json.string("apiVersion") ?? Self.apiVersion
        guard apiVersion == Self.apiVersion else {
            throw GatewayError(
                .badRequest,
                "the API version in the data (\(apiVersion)) does not match the expected API version (\(Self.apiVersion))"
            )
        }
        let kind = try json.string("kind") ?? Self.kind
        guard kind == Self.kind else {
            throw GatewayError(.badRequest, "the kind in the data (\(kind)) does not match the kind \(Self.kind)")
        }
        metadata = try ObjectMeta(json["metadata"] ?? .emptyObject)
        spec = try Spec(JSONValue.object(try json.object("spec") ?? [:]))
        conditions = []
        let status = JSONValue.object(try json.object("status") ?? [:])
        for (index, entry) in (try status.array("conditions", in: "status") ?? []).enumerated() {
            conditions.append(try Condition(entry, path: "status.conditions[\(index)]"))
        }
    }

    /// The object as JSON, in the order Kubernetes writes it.
    package var json: JSONValue {
        var json: JSONValue = [
            "apiVersion": .string(Self.apiVersion), "kind": .string(Self.kind), "metadata": metadata.json,
            "spec": spec.json,
        ]
        json["status"] = conditions.isEmpty ? .emptyObject : ["conditions": .array(conditions.map(\.json))]
        return json
    }
}

extension DataPlaneService.Spec {
    /// Reads a specification with defaults filled in.
    init(_ json: JSONValue) throws(GatewayError) {
        self.init()
        pluginID = try json.string("pluginID", in: "spec") ?? ""
        pluginType = try json.string("pluginType", in: "spec") ?? ""
        group = try json.string("group", in: "spec") ?? ""
        version = try json.string("version", in: "spec") ?? ""
        for (index, entry) in (try json.array("services", in: "spec") ?? []).enumerated() {
            services.append(try ServiceEntry(entry, path: "spec.services[\(index)]"))
        }
        limits = try ServiceLimits(in: json, path: "spec")
        if let object = try json.object("backend", in: "spec") {
            let value = JSONValue.object(object)
            backend = try ServiceBackend(value)
            // An earlier form has the plugin inside the backend.
            if pluginID.isEmpty { pluginID = try value.string("pluginID", in: "spec.backend") ?? "" }
            if pluginType.isEmpty { pluginType = try value.string("pluginType", in: "spec.backend") ?? "" }
        }
    }

    /// The specification as JSON; defaults that say nothing are left out, the keys of a service entry never.
    var json: JSONValue {
        var json = JSONValue.emptyObject
        if !pluginID.isEmpty { json["pluginID"] = .string(pluginID) }
        if !pluginType.isEmpty { json["pluginType"] = .string(pluginType) }
        json["group"] = .string(group)
        json["version"] = .string(version)
        json["services"] = .array(services.map(\.json))
        if backend != ServiceBackend() { json["backend"] = backend.json }
        if let limits { json["limits"] = limits.json }
        return json
    }
}
