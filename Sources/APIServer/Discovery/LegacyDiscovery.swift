import Bytes
import DataPlaneAPI

/// Discovery's older form, one list of resources for each version, and how it becomes the aggregated one and back.
enum LegacyDiscovery {
    /// The entries of an `APIResourceList` for an entry of aggregated discovery.
    static func entries(_ resource: JSONValue, group: String, version: String) -> [JSONValue] {
        let plural = resource["resource"]?.asString ?? ""
        let isNamespaced = resource["scope"]?.asString == "Namespaced"
        func entry(_ name: String, _ singular: String, _ part: JSONValue) -> JSONValue {
            let kind = part["responseKind"]
            var entry: JSONValue = [
                "name": .string(name), "singularName": .string(singular), "namespaced": .bool(isNamespaced),
            ]
            // What is answered may be of another group.
            for (field, own) in [("group", group), ("version", version)] {
                if let other = kind?[field]?.asString, !other.isEmpty, other != own { entry[field] = .string(other) }
            }
            entry["kind"] = .string(kind?["kind"]?.asString ?? "")
            entry["verbs"] = .array(part["verbs"]?.asArray ?? [])
            return entry
        }
        var entries: [JSONValue] = []
        // A resource of which only subresources are served has no verbs.
        if resource["verbs"]?.asArray?.isEmpty == false {
            var whole = entry(plural, resource["singularResource"]?.asString ?? "", resource)
            for list in ["shortNames", "categories"] {
                if let names = resource[list]?.asArray, !names.isEmpty { whole[list] = .array(names) }
            }
            entries.append(whole)
        }
        return entries
            + (resource["subresources"]?.asArray ?? []).map { part in
                entry("\(plural)/\(part["subresource"]?.asString ?? "")", "", part)
            }
    }

    /// The entries of aggregated discovery for those of an `APIResourceList`.
    static func resources(_ list: [JSONValue], group: String, version: String) -> [JSONValue] {
        var resources: [JSONValue] = []
        var places: [String: Int] = [:]
        func place(_ plural: String, isNamespaced: Bool) -> Int {
            if let known = places[plural] { return known }
            places[plural] = resources.count
            resources.append([
                "resource": .string(plural), "responseKind": .emptyObject,
                "scope": isNamespaced ? "Namespaced" : "Cluster", "singularResource": "", "verbs": [],
            ])
            return resources.count - 1
        }
        for entry in list {
            guard let name = entry["name"]?.asString, !name.isEmpty else { continue }
            let kind: JSONValue = [
                "group": .string(entry["group"]?.asString ?? group),
                "version": .string(entry["version"]?.asString ?? version), "kind": entry["kind"] ?? "",
            ]
            let parts = name.split(separator: "/", maxSplits: 1)
            let index = place(String(parts.first ?? ""), isNamespaced: entry["namespaced"]?.asBool ?? false)
            guard parts.count == 2 else {
                resources[index]["responseKind"] = kind
                resources[index]["singularResource"] = entry["singularName"] ?? ""
                resources[index]["verbs"] = .array(entry["verbs"]?.asArray ?? [])
                for list in ["shortNames", "categories"] where entry[list]?.asArray?.isEmpty == false {
                    resources[index][list] = entry[list]
                }
                continue
            }
            let part: JSONValue = [
                "subresource": .string(String(parts[1])), "responseKind": kind,
                "verbs": .array(entry["verbs"]?.asArray ?? []),
            ]
            resources[index]["subresources"] = .array((resources[index]["subresources"]?.asArray ?? []) + [part])
        }
        return resources
    }
}
