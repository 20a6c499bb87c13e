extension DataPlaneService {
    /// The paths of the fields that aren't part of the type, for `fieldValidation`: `spec.bogus`.
    package static func unknownFields(in json: JSONValue) -> [String] {
        var found: [String] = []
        check(json, "", ["apiVersion", "kind", "metadata", "spec", "status"], &found)
        check(json["metadata"], "metadata", metadataFields, &found)
        let spec = json["spec"]
        check(spec, "spec", ["pluginID", "pluginType", "group", "version", "services", "backend"], &found)
        check(spec?["backend"], "spec.backend", ["type", "baseURL", "pluginID", "pluginType"], &found)
        for (index, entry) in (spec?["services"]?.asArray ?? []).enumerated() {
            check(entry, "spec.services[\(index)]", ["type", "method", "path"], &found)
        }
        check(json["status"], "status", ["conditions"], &found)
        for (index, entry) in (json["status"]?["conditions"]?.asArray ?? []).enumerated() {
            check(entry, "status.conditions[\(index)]", conditionFields, &found)
        }
        return found
    }

    private static let conditionFields: Set<String> = [
        "type", "status", "reason", "message", "lastTransitionTime", "observedGeneration",
    ]

    private static let metadataFields: Set<String> = [
        "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
        "managedFields",
    ]

    private static func check(_ json: JSONValue?, _ path: String, _ known: Set<String>, _ found: inout [String]) {
        for member in json?.asObject ?? [:] where !known.contains(member.key) {
            found.append(JSONValue.join(path, member.key))
        }
    }
}
