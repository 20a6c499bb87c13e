import DataPlaneAPI
import Storage

/// DataPlaneServices as the API server serves them.
package struct DataPlaneServiceResource: ResourceDefinition {
    /// Creates the definition.
    package init() {}

    /// The API group.
    package var group: String { DataPlaneService.group }
    /// The version.
    package var version: String { DataPlaneService.version }
    /// The type's name.
    package var kind: String { DataPlaneService.kind }
    /// The plural.
    package var plural: String { DataPlaneService.resource }
    /// The singular.
    package var singular: String { DataPlaneService.singular }
    /// `dps`, so that `kubectl get dps` works.
    package var shortNames: [String] { DataPlaneService.shortNames }
    /// `dataplane` and `all`, so that `kubectl get dataplane` and `kubectl get all` work.
    package var categories: [String] { DataPlaneService.categories }
    /// Cluster-wide.
    package var isNamespaced: Bool { false }
    /// Conditions lie there.
    package var hasStatus: Bool { true }
    /// Services by all their parts, conditions by type.
    package var listKeys: [String: [String]] {
        ["spec.services": ["method", "path", "type"], "status.conditions": ["type"]]
    }
    /// The name of the schema.
    package var schemaName: String { "app.grafana.aggregation.v0alpha1.DataPlaneService" }

    /// Name, Available, Age.
    package var columns: [TableColumn] {
        [
            TableColumn("Name", format: "name", description: "Name of the object."),
            TableColumn("Available", description: "Whether the routes of the object are served."),
            TableColumn("Age", type: "date", description: "Time since the object was created."),
            TableColumn("Group", description: "API group it claims.", priority: 1),
            TableColumn("Version", description: "API version it claims.", priority: 1),
            TableColumn("Backend", description: "Plugin or URL that answers.", priority: 1),
        ]
    }

    /// The object with defaults, as it is stored.
    ///
    /// Empty methods and paths appear only where they were written: otherwise `kubectl apply` of the same file would find
    /// a difference every time.
    package func normalised(_ object: JSONValue) throws(GatewayError) -> JSONValue {
        var result = try DataPlaneService(object).json
        let written = object["spec"]?["services"]?.asArray ?? []
        guard let services = result["spec"]?["services"]?.asArray, services.count == written.count else {
            return result
        }
        result["spec"]?["services"] = .array(
            zip(services, written).map { entry, source in
                var entry = entry
                for key in ["method", "path"] where entry[key] == "" && source[key] == nil { entry[key] = nil }
                return entry
            })
        return result
    }

    /// Types of services in their present spelling, so that keys are equal, and the plugin at its present place.
    package func prepareApply(_ configuration: JSONValue) -> JSONValue {
        var configuration = configuration
        for key in ["pluginID", "pluginType"] {
            guard let early = configuration["spec"]?["backend"]?[key] else { continue }
            if configuration["spec"]?[key] == nil { configuration["spec"]?[key] = early }
            configuration["spec"]?["backend"]?[key] = nil
        }
        guard let services = configuration["spec"]?["services"]?.asArray else { return configuration }
        configuration["spec"]?["services"] = .array(
            services.map { entry in
                guard let word = entry["type"]?.asString, let type = ServiceType(word) else { return entry }
                var entry = entry
                entry["type"] = .string(type.rawValue)
                return entry
            })
        return configuration
    }

    /// Fields that are not part of the type.
    package func unknownFields(in object: JSONValue) -> [String] { DataPlaneService.unknownFields(in: object) }

    /// What is wrong with a new object.
    package func validate(create object: JSONValue) throws(GatewayError) -> [StatusCause] {
        try DataPlaneService(object).validate()
    }

    /// What is wrong with a change.
    package func validate(update object: JSONValue, from old: JSONValue) throws(GatewayError) -> [StatusCause] {
        try DataPlaneService(object).validateUpdate(from: try DataPlaneService(old))
    }

    /// The cells of a row.
    package func cells(_ object: JSONValue, nowMS: Int) -> [JSONValue] {
        guard let service = try? DataPlaneService(object) else {
            return [.string(object["metadata"]?["name"]?.asString ?? ""), "Unknown", "<unknown>", "", "", ""]
        }
        let backend = service.spec.backend
        let target: String =
            switch backend.kind {
            case .http: backend.baseURL
            case .upstream: "upstream"
            case .plugin, nil: service.spec.pluginID
            }
        return service.cells(nowMS: nowMS) + [
            .string(service.spec.group), .string(service.spec.version), .string(target),
        ]
    }
}

extension ResourceID {
    /// The id of DataPlaneServices.
    package static let dataPlaneServices = ResourceID(
        group: DataPlaneService.group, resource: DataPlaneService.resource)
}
