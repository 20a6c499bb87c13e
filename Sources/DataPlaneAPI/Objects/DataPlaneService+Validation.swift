extension DataPlaneService {
    private static let pluginTypes = ["app", "datasource"]

    /// What is wrong with the object, field by field; empty means it may be stored.
    package func validate() -> [StatusCause] {
        var causes: [StatusCause] = []
        let hasName = !metadata.name.isEmpty || !metadata.generateName.isEmpty
        if !hasName { causes.append(.required("metadata.name", "name or generateName is required")) }
        if !metadata.name.isEmpty, !Names.isSubdomain(metadata.name) {
            causes.append(.invalid("metadata.name", string: metadata.name, Self.subdomainRule))
        }
        validateGroup(&causes)
        if spec.version.isEmpty {
            causes.append(.required("spec.version", "the API version to serve, such as v1"))
        } else if !Names.isLabel(spec.version) {
            causes.append(
                .invalid(
                    "spec.version", string: spec.version,
                    "must be 63 lower case letters, digits or '-' at most, such as v1"))
        }
        validateBackend(&causes)
        causes += spec.services.validate("spec.services")
        causes += spec.limits?.validate("spec.limits") ?? []
        return causes
    }

    /// What is wrong with a change from `old` to this object, besides what is wrong with this object itself.
    package func validateUpdate(from old: DataPlaneService) -> [StatusCause] {
        var causes = validate()
        let advice = "field is immutable; delete the object and create it anew"
        if spec.group != old.spec.group {
            causes.append(.invalid("spec.group", string: spec.group, advice))
        }
        if spec.version != old.spec.version {
            causes.append(.invalid("spec.version", string: spec.version, advice))
        }
        if metadata.resourceVersion.isEmpty {
            causes.append(.invalid("metadata.resourceVersion", "0x0", "must be specified for an update"))
        }
        return causes
    }

    /// The 422 for a list of causes; nil for an empty one.
    package func invalid(_ causes: [StatusCause]) -> GatewayError? {
        causes.isEmpty ? nil : .invalid(kind: Self.kind, group: Self.group, name: metadata.name, causes)
    }

    private static let subdomainRule =
        "must be lower case letters, digits, '-' or '.', begin and end with a letter or digit, 253 bytes at most"

    private func validateGroup(_ causes: inout [StatusCause]) {
        let group = spec.group
        if group.isEmpty {
            causes.append(.required("spec.group", "the API group to serve, such as weather.example.org"))
        } else if !Names.isSubdomain(group) {
            causes.append(.invalid("spec.group", string: group, Self.subdomainRule))
        } else if Self.isReserved(group) {
            causes.append(
                .invalid("spec.group", string: group, "this group is reserved for the gateway, Kubernetes or Grafana"))
        }
    }

    /// The groups the gateway serves itself, Kubernetes' own, and the one that decides on access.
    package static func isReserved(_ group: String) -> Bool {
        let own = [Self.group, "service.grafana.app", "iam.grafana.app", "k8s.io"]
        return own.contains(group) || group.hasSuffix(".k8s.io")
    }

    private func validateBackend(_ causes: inout [StatusCause]) {
        if !spec.pluginType.isEmpty, !Self.pluginTypes.contains(spec.pluginType) {
            causes.append(.notSupported("spec.pluginType", spec.pluginType, supported: Self.pluginTypes))
        }
        if spec.backend.kind == .plugin, spec.pluginID.isEmpty {
            causes.append(.required("spec.pluginID", "the id in the plugin's plugin.json"))
        }
        if spec.pluginID == "." || spec.pluginID == ".." {
            causes.append(
                .invalid("spec.pluginID", string: spec.pluginID, "must be the id in the plugin's plugin.json"))
        }
        if spec.backend.kind == .upstream, spec.pluginType == "app", spec.pluginID.isEmpty {
            causes.append(.required("spec.pluginID", "the app's id, which is part of the upstream's paths"))
        }
        causes += spec.backend.validate()
    }
}
