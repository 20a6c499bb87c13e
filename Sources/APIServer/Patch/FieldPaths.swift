import Bytes

/// The path of a field as `fieldsV1` writes it: `f:spec`, `f:services`, `k:{"type":"query"}`, `v:"entry of a set"`.
typealias FieldPath = [String]

/// Takes objects apart into the paths of their fields, and puts them together again.
struct FieldPaths: Sendable {
    /// Lists whose entries have keys, by their path without entries: `spec.services`.
    let listKeys: [String: [String]]
    /// Lists whose entries are their own keys.
    var sets: Set<String> = []

    private static let untracked: Set<FieldPath> = Set(
        [
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "resourceVersion", "clusterName",
            "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "generateName",
        ].map { ["f:metadata", "f:\($0)"] } + [["f:apiVersion"], ["f:kind"]])

    /// Every leaf with its value; an entry of a keyed list, and one of a set, count as leaves of their own.
    func leaves(_ object: JSONValue) -> [FieldPath: JSONValue] {
        var found: [FieldPath: JSONValue] = [:]
        collect(object, [], "", &found)
        return found.filter { leaf in !Self.untracked.contains { leaf.key.starts(with: $0) } }
    }

    private func collect(_ value: JSONValue, _ path: FieldPath, _ plain: String, _ found: inout [FieldPath: JSONValue])
    {
        switch value {
        case .object(let object) where !object.isEmpty || path.isEmpty:
            for member in object {
                collect(member.value, path + ["f:\(member.key)"], JSONValue.join(plain, member.key), &found)
            }
        case .array(let list) where !list.isEmpty && listKeys[plain] != nil:
            let keys = listKeys[plain] ?? []
            for entry in list {
                let place = path + [Self.element(entry, keys)]
                found[place] = .bool(true)
                for member in entry.asObject ?? [:] {
                    collect(member.value, place + ["f:\(member.key)"], JSONValue.join(plain, member.key), &found)
                }
            }
        case .array(let list) where !list.isEmpty && sets.contains(plain):
            for entry in list { found[path + [Self.member(entry)]] = .bool(true) }
        default: found[path] = value
        }
    }

    /// The element of a path for an entry of a keyed list; a missing key counts as empty.
    static func element(_ entry: JSONValue, _ keys: [String]) -> String {
        var object = JSONObject()
        for key in keys { object[key] = entry[key] ?? "" }
        return "k:\(JSONValue.object(object).text())"
    }

    /// The element of a path for an entry of a set.
    static func member(_ entry: JSONValue) -> String { "v:\(entry.text())" }

    /// Merges a configuration into an object: maps deep, keyed lists by key, sets by entry, everything else as a whole.
    func merge(_ configuration: JSONValue, into live: JSONValue) -> JSONValue { merge(configuration, live, "") }

    private func merge(_ configuration: JSONValue, _ live: JSONValue, _ plain: String) -> JSONValue {
        switch configuration {
        case .object(let object):
            var result: JSONValue = live.asObject == nil ? .emptyObject : live
            for member in object {
                result[member.key] = merge(
                    member.value, result[member.key] ?? .null, JSONValue.join(plain, member.key))
            }
            return result
        case .array(let list):
            if sets.contains(plain) {
                let present = live.asArray ?? []
                var known = Set(present.map(Self.member))
                return .array(present + list.filter { known.insert(Self.member($0)).inserted })
            }
            guard let keys = listKeys[plain] else { return configuration }
            var result = live.asArray ?? []
            var places: [String: Int] = [:]
            for (index, entry) in result.enumerated() { places[Self.element(entry, keys)] = index }
            for entry in list {
                let wanted = Self.element(entry, keys)
                if let index = places[wanted], result.indices.contains(index) {
                    result[index] = merge(entry, result[index], plain)
                } else {
                    places[wanted] = result.count
                    result.append(entry)
                }
            }
            return .array(result)
        default: return configuration
        }
    }

    /// Removes a field, or an entry of a keyed list or a set; nothing happens if it isn't there.
    func remove(_ path: FieldPath, from object: inout JSONValue) { remove(path[...], "", &object) }

    private func remove(_ path: ArraySlice<String>, _ plain: String, _ value: inout JSONValue) {
        guard let first = path.first else { return }
        if first.hasPrefix("f:") {
            let key = String(first.dropFirst(2))
            if path.count == 1 {
                value[key] = nil
            } else if var inner = value[key] {
                remove(path.dropFirst(), JSONValue.join(plain, key), &inner)
                value[key] = inner
            }
            return
        }
        if sets.contains(plain) {
            guard path.count == 1, let list = value.asArray else { return }
            value = .array(list.filter { Self.member($0) != first })
            return
        }
        guard let keys = listKeys[plain], var list = value.asArray,
            let index = list.firstIndex(where: { Self.element($0, keys) == first })
        else { return }
        if path.count == 1 {
            list.remove(at: index)
        } else if path.count == 2, keys.contains(where: { path.last == "f:\($0)" }) {
            // Without its keys an entry is another one; they go with the entry.
            return
        } else {
            remove(path.dropFirst(), plain, &list[index])
        }
        value = .array(list)
    }

    /// A path for people: `.spec.services[type="query"].method`.
    static func text(_ path: FieldPath) -> String {
        var text = ""
        for element in path {
            if element.hasPrefix("f:") {
                text += ".\(element.dropFirst(2))"
            } else if element.hasPrefix("k:"), let keys = try? JSONValue.parse(String(element.dropFirst(2))) {
                let pairs = (keys.asObject ?? [:]).map { "\($0.key)=\($0.value.text())" }
                text += "[\(pairs.joined(separator: ","))]"
            } else if element.hasPrefix("v:") {
                text += "[=\(element.dropFirst(2))]"
            } else {
                text += "[\(element)]"
            }
        }
        return text
    }

    // MARK: fieldsV1

    /// Reads `fieldsV1`.
    static func read(_ json: JSONValue) -> Set<FieldPath> {
        var found: Set<FieldPath> = []
        read(json, [], &found)
        return found
    }

    private static func read(_ json: JSONValue, _ path: FieldPath, _ found: inout Set<FieldPath>) {
        guard let object = json.asObject else { return }
        if object.isEmpty, !path.isEmpty { found.insert(path) }
        for member in object {
            if member.key == "." { found.insert(path) } else { read(member.value, path + [member.key], &found) }
        }
    }

    /// Writes `fieldsV1`, keys in order.
    static func write(_ paths: Set<FieldPath>) -> JSONValue {
        write(paths.sorted { $0.lexicographicallyPrecedes($1) }[...], 0)
    }

    private static func write(_ paths: ArraySlice<FieldPath>, _ depth: Int) -> JSONValue {
        var object = JSONObject()
        var rest = paths
        if let first = rest.first, first.count == depth {
            rest = rest.dropFirst()
            if !rest.isEmpty { object["."] = .emptyObject }
        }
        while let key = rest.first?[depth] {
            let same = rest.prefix { $0.count > depth && $0[depth] == key }
            object[key] = write(same, depth + 1)
            rest = rest.dropFirst(same.count)
        }
        return .object(object)
    }
}
