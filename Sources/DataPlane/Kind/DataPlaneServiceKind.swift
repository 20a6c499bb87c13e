import APIServer
import Bytes
import DataPlaneAPI
import Storage

extension ResourceID {
    /// The id of DataPlaneServices.
    package static let dataPlaneServices = ResourceID(
        group: DataPlaneService.group, resource: DataPlaneService.resource)
}

/// DataPlaneServices as the API server serves them.
package enum DataPlaneServiceKind {
    /// The kind.
    package static let definition: ResourceDefinition = {
        var definition = ResourceDefinition(
            group: DataPlaneService.group, version: DataPlaneService.version,
            names: .init(
                kind: DataPlaneService.kind, plural: DataPlaneService.resource, singular: DataPlaneService.singular,
                short: DataPlaneService.shortNames, categories: DataPlaneService.categories),
            isNamespaced: false, schemaName: "app.grafana.aggregation.v0alpha1.DataPlaneService")
        definition.structure = Structure(properties: schema)
        definition.hasStatus = true
        definition.about = about
        definition.columns = [
            TableColumn("Name", format: "name", description: "Name of the object."),
            TableColumn("Available", description: "Whether the routes of the object are served."),
            TableColumn("Age", type: "date", description: "Time since the object was created."),
            TableColumn("Group", description: "API group it claims.", priority: 1),
            TableColumn("Version", description: "API version it claims.", priority: 1),
            TableColumn("Backend", description: "Plugin or URL that answers.", priority: 1),
        ]
        definition.cells = cells
        definition.respell = respelled
        definition.validate = { (context) throws(GatewayError) in
            let service = try DataPlaneService(context.object)
            switch context.operation {
            case .create: return service.validate()
            case .update: return service.validateUpdate(from: try DataPlaneService(context.old ?? .emptyObject))
            // That it can be read is all: what is wrong with the rest is not the status's business.
            case .status, .read: return []
            }
        }
        return definition
    }()

    /// The DataPlaneServices in the files of these paths, each with its place (`file:line`), and every fault.
    package static func services(
        inManifests paths: [String]
    ) -> (services: [(service: DataPlaneService, place: String)], faults: [ManifestFault]) {
        let read = ManifestReader.read(paths, Kinds([definition]))
        let services = read.objects.compactMap { object in
            (try? DataPlaneService(object.json)).map { ($0, "\(object.file):\(object.line)") }
        }
        return (services, read.faults)
    }

    /// Types of services in their present spelling, so that keys are equal, and the plugin at its present place.
    @Sendable private static func respelled(_ object: JSONValue) -> JSONValue {
        var object = object
        for key in ["pluginID", "pluginType"] {
            guard let early = object["spec"]?["backend"]?[key] else { continue }
            if (object["spec"]?[key]?.asString ?? "").isEmpty { object["spec"]?[key] = early }
            object["spec"]?["backend"]?[key] = nil
        }
        guard let services = object["spec"]?["services"]?.asArray else { return object }
        object["spec"]?["services"] = .array(
            services.map { entry in
                guard let word = entry["type"]?.asString, let type = ServiceType(word) else { return entry }
                var entry = entry
                entry["type"] = .string(type.rawValue)
                return entry
            })
        return object
    }

    /// The cells of a row.
    @Sendable private static func cells(_ object: JSONValue, nowMS: Int) -> [JSONValue] {
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
