import DataPlaneAPI

/// How an answer is written, as the Accept header asks for it.
enum Rendering: Sendable, Hashable {
    /// The object itself.
    case object
    /// The object itself, as YAML.
    case yaml
    /// A table for kubectl, in version `v1` or `v1beta1`.
    case table(version: String)
    /// The metadata alone.
    case partial(version: String)
    /// Aggregated discovery, in version `v2` or `v2beta1`.
    case aggregatedDiscovery(version: String)
}

/// One clause of an Accept header.
struct MediaType: Sendable {
    var type = ""
    var parameters: [String: String] = [:]
    var quality = 1.0

    /// What may be answered.
    enum Offer { case object, list, watch, discovery }

    /// Chooses by the order of clauses at equal quality; nothing given means JSON.
    ///
    /// - Throws: 406 when no clause can be met.
    static func choose(_ accept: String, _ offer: Offer) throws(GatewayError) -> Rendering {
        let clauses = parse(accept)
        if clauses.isEmpty { return .object }
        for clause in clauses where clause.quality > 0 {
            if let rendering = clause.rendering(offer) { return rendering }
        }
        throw GatewayError(
            .notAcceptable, "only the following media types are accepted: application/json, application/yaml")
    }

    private func rendering(_ offer: Offer) -> Rendering? {
        switch type {
        case "application/json", "application/*", "*/*": break
        case "application/yaml": return offer == .watch || parameters["as"] != nil ? nil : .yaml
        default: return nil
        }
        guard let form = parameters["as"] else { return .object }
        let version = parameters["v"] ?? ""
        switch (form, parameters["g"] ?? "") {
        case ("APIGroupDiscoveryList", "apidiscovery.k8s.io"):
            return offer == .discovery && ["v2", "v2beta1"].contains(version)
                ? .aggregatedDiscovery(version: version) : nil
        case ("Table", "meta.k8s.io"):
            return offer != .discovery && ["v1", "v1beta1"].contains(version) ? .table(version: version) : nil
        case ("PartialObjectMetadata", "meta.k8s.io"):
            return offer == .object || offer == .watch ? .partial(version: version) : nil
        case ("PartialObjectMetadataList", "meta.k8s.io"):
            return offer == .list ? .partial(version: version) : nil
        default: return nil
        }
    }

    /// The clauses, best quality first, else in their order.
    static func parse(_ accept: String) -> [MediaType] {
        let clauses = accept.split(separator: ",").map { clause in
            var media = MediaType()
            for (index, part) in clause.split(separator: ";").enumerated() {
                let text = trimmed(part)
                guard index > 0 else {
                    media.type = text.lowercased()
                    continue
                }
                let pair = text.split(separator: "=", maxSplits: 1).map(String.init)
                guard pair.count == 2 else { continue }
                if pair[0] == "q" { media.quality = Double(pair[1]) ?? 1 } else { media.parameters[pair[0]] = pair[1] }
            }
            return media
        }
        return clauses.enumerated().sorted {
            ($0.element.quality, -$0.offset) > ($1.element.quality, -$1.offset)
        }.map(\.element)
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
