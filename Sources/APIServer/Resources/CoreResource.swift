import DataPlaneAPI

/// A type of Kubernetes' core group that generic clients look for; there are no objects of it here.
///
/// `kubectl cluster-info` lists services, `kubectl describe` lists events. And where discovery has no resource list of the
/// core group's `v1`, kubectl knows no `kind: List` either: it can't read what it printed itself.
struct CoreResource: ResourceDefinition {
    let kind: String
    let plural: String
    let singular: String
    let shortNames: [String]
    let selectableFields: [String]
    let about: String

    /// The types, in the order discovery shows them.
    static let all: [any ResourceDefinition] = [
        CoreResource(
            kind: "Event", plural: "events", singular: "event", shortNames: ["ev"],
            selectableFields: [
                "involvedObject.apiVersion", "involvedObject.fieldPath", "involvedObject.kind", "involvedObject.name",
                "involvedObject.namespace", "involvedObject.resourceVersion", "involvedObject.uid", "reason",
                "reportingComponent", "source", "type",
            ],
            about: "Something that happened to an object. The gateway says it in conditions and keeps no events."),
        CoreResource(
            kind: "Service", plural: "services", singular: "service", shortNames: ["svc"],
            selectableFields: ["spec.clusterIP", "spec.type"],
            about: "A service of a cluster. The gateway has none; it serves DataPlaneServices."),
    ]

    var group: String { "" }
    var version: String { "v1" }
    var isNamespaced: Bool { true }
    var verbs: [String] { ["get", "list", "watch"] }
    var hasStatus: Bool { false }
    var listKeys: [String: [String]] { [:] }
    var columns: [TableColumn] {
        [
            TableColumn("Name", format: "name", description: "Name of the object."),
            TableColumn("Age", type: "date", description: "Time since the object was created."),
        ]
    }
    var schemaProperties: JSONValue { .emptyObject }
    var schemaName: String { "io.k8s.api.core.v1.\(kind)" }

    func normalised(_ object: JSONValue) throws(GatewayError) -> JSONValue { object }
    func unknownFields(in object: JSONValue) -> [String] { [] }
    func validate(create object: JSONValue) throws(GatewayError) -> [StatusCause] { [] }
    func validate(update object: JSONValue, from old: JSONValue) throws(GatewayError) -> [StatusCause] { [] }
    func cells(_ object: JSONValue, nowMS: Int) -> [JSONValue] {
        [object["metadata"]?["name"] ?? "", "<unknown>"]
    }
}
