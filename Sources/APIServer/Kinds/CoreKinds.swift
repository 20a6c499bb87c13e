import DataPlaneAPI

/// Kinds of Kubernetes' core group that generic clients look for; there are no objects of them here.
///
/// `kubectl cluster-info` lists services, `kubectl describe` lists events. And where discovery has no resource list of the
/// core group's `v1`, kubectl knows no `kind: List` either: it can't read what it printed itself.
enum CoreKinds {
    /// The kinds, in the order discovery shows them.
    static let all = [
        empty(
            .init(kind: "Event", plural: "events", singular: "event", short: ["ev"]),
            selectable: [
                "involvedObject.apiVersion", "involvedObject.fieldPath", "involvedObject.kind", "involvedObject.name",
                "involvedObject.namespace", "involvedObject.resourceVersion", "involvedObject.uid", "reason",
                "reportingComponent", "source", "type",
            ],
            about: "Something that happened to an object. The gateway says it in conditions and keeps no events."),
        empty(
            .init(kind: "Service", plural: "services", singular: "service", short: ["svc"]),
            selectable: ["spec.clusterIP", "spec.type"],
            about: "A service of a cluster. The gateway has none; it serves DataPlaneServices."),
    ]

    private static func empty(
        _ names: ResourceDefinition.Names, selectable: [String], about: String
    ) -> ResourceDefinition {
        var definition = ResourceDefinition(
            group: "", version: "v1", names: names, isNamespaced: true, schemaName: "io.k8s.api.core.v1.\(names.kind)")
        definition.nature = .computed { _ in [] }
        definition.selectableFields = selectable
        definition.about = about
        return definition
    }
}
