extension DataPlaneService {
    /// The paths of the fields that aren't part of the type, for `fieldValidation`: `spec.bogus`.
    package static func unknownFields(in json: JSONValue) -> [String] {
        var found: [String] = []
        check(json, "", ["apiVersion", "kind", "metadata", "spec", "status"], &found)
        check(json["metadata"], "metadata", metadataFields, &found)
        let spec = json["spec"]
        check(spec, "spec", ["pluginID", "pluginType", "group", "version", "services", "backend", "limits"], &found)
        check(
            spec?["backend"], "spec.backend",
            ["type", "fallback", "baseURL", "connectTimeoutSeconds", "tls", "pluginID", "pluginType"], &found)
        check(spec?["backend"]?["tls"], "spec.backend.tls", tlsFields, &found)
        check(spec?["limits"], "spec.limits", limitFields, &found)
        for (index, entry) in (spec?["services"]?.asArray ?? []).enumerated() {
            check(entry, "spec.services[\(index)]", ["type", "method", "path", "limits"], &found)
            check(entry["limits"], "spec.services[\(index)].limits", limitFields, &found)
        }
        check(json["status"], "status", ["conditions"], &found)
        for (index, entry) in (json["status"]?["conditions"]?.asArray ?? []).enumerated() {
            check(entry, "status.conditions[\(index)]", conditionFields, &found)
        }
        return found
    }

    private static let limitFields = Set(ServiceLimits.fields.map(\.name))
    private static let tlsFields: Set<String> = [
        "caBundle", "insecureSkipTLSVerify", "serverName", "clientCertificate",
    ]

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
