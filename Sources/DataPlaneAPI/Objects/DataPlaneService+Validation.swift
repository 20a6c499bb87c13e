extension DataPlaneService {
    /// The methods a route may name.
    static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    private static let pluginTypes = ["app", "datasource"]
    private static let maxServices = 1_000

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
        validateServices(&causes)
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
        guard let kind = spec.backend.kind else {
            let kinds = ServiceBackend.Kind.allCases.map(\.rawValue)
            causes.append(.notSupported("spec.backend.type", spec.backend.type, supported: kinds))
            return
        }
        let url = spec.backend.baseURL
        switch kind {
        case .plugin:
            if spec.pluginID.isEmpty { causes.append(.required("spec.pluginID", "the id in the plugin's plugin.json")) }
        case .http:
            let rest = ["http://", "https://"].first { url.hasPrefix($0) }.map { url.dropFirst($0.count) }
            if url.isEmpty {
                causes.append(.required("spec.backend.baseURL", "the URL of the http backend"))
            } else if !Self.isHostAndPath(rest) {
                causes.append(
                    .invalid(
                        "spec.backend.baseURL", string: url,
                        "must be http:// or https:// with host and path, without user, query or fragment"))
            }
        case .upstream: break
        }
        if kind != .http, !url.isEmpty {
            causes.append(.forbidden("spec.backend.baseURL", "only an http backend has a URL"))
        }
    }

    private static func isHostAndPath(_ text: Substring?) -> Bool {
        guard let first = text?.utf8.first, first != 0x2F, first != 0x3A else { return false }
        return text?.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && ![0x3F, 0x23, 0x40, 0x5C].contains($0) } ?? false
    }

    private func validateServices(_ causes: inout [StatusCause]) {
        let services = spec.services
        if services.isEmpty { causes.append(.required("spec.services", "list at least one service")) }
        if services.count > Self.maxServices {
            causes.append(.tooMany("spec.services", count: services.count, limit: Self.maxServices))
            return
        }
        var seen: Set<ServiceEntry> = []
        for (index, entry) in services.enumerated() {
            let field = "spec.services[\(index)]"
            if !seen.insert(entry).inserted {
                let key: JSONValue = [
                    "type": .string(entry.type), "method": .string(entry.method), "path": .string(entry.path),
                ]
                causes.append(.duplicate(field, key.text()))
            }
            causes += Self.validate(entry, field)
        }
    }

    private static func validate(_ entry: ServiceEntry, _ field: String) -> [StatusCause] {
        let types = ServiceType.allCases.map(\.rawValue)
        if entry.type.isEmpty { return [.required("\(field).type", "one of \(types.joined(separator: ", "))")] }
        guard let type = entry.serviceType else {
            return [.notSupported("\(field).type", entry.type, supported: types)]
        }
        var causes: [StatusCause] = []
        guard type == .route else {
            if !entry.method.isEmpty { causes.append(.forbidden("\(field).method", "only a route has a method")) }
            if !entry.path.isEmpty { causes.append(.forbidden("\(field).path", "only a route has a path")) }
            return causes
        }
        if !entry.method.isEmpty, !methods.contains(entry.method) {
            causes.append(.notSupported("\(field).method", entry.method, supported: methods))
        }
        if entry.path.isEmpty {
            causes.append(.required("\(field).path", "the path below the namespace, such as /orders/{name}"))
        } else {
            do throws(RoutePattern.Fault) {
                _ = try RoutePattern(entry.path)
            } catch {
                causes.append(.invalid("\(field).path", string: entry.path, error.message))
            }
        }
        return causes
    }
}
