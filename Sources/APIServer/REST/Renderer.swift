import Bytes
import DataPlaneAPI
import Storage
import SystemKit
import Yams

/// Writes objects and lists the way the client asked for.
struct Renderer: Sendable {
    let definition: ResourceDefinition
    let rendering: Rendering
    let pretty: Bool
    /// What a table's rows carry of their object: `Metadata`, `None` or `Object`.
    let includeObject: String

    init(_ definition: ResourceDefinition, _ request: APIRequest, _ offer: MediaType.Offer) throws(GatewayError) {
        self.definition = definition
        rendering = try MediaType.choose(request.accept, offer)
        pretty = request.isPretty
        let word = request.parameter("includeObject") ?? ""
        includeObject = word.isEmpty ? "Metadata" : word
        let words = ["Metadata", "None", "Object"]
        guard words.contains(includeObject) else {
            throw .invalid(
                kind: "TableOptions", group: "meta.k8s.io", name: "",
                [.notSupported("includeObject", word, supported: words)])
        }
    }

    /// The answer with one object.
    func object(_ object: JSONValue, status: Int = 200) -> APIResponse {
        respond(single(object, withColumns: true), status: status)
    }

    /// The answer with one object as it is stored.
    func object(_ object: StoredObject) -> APIResponse {
        writesAsStored ? APIResponse(body: object.text + [0x0A]) : self.object(object.body)
    }

    /// Whether the text of an object is what is answered.
    var writesAsStored: Bool { rendering == .object && !pretty }

    /// A list without its entries, and the name of the member that takes them.
    func envelope(_ metadata: JSONValue) -> (JSONValue, String) {
        switch rendering {
        case .table(let version): (table([], metadata: metadata, version: version, withColumns: true), "rows")
        case .partial(let version):
            (
                [
                    "kind": "PartialObjectMetadataList", "apiVersion": .string("meta.k8s.io/\(version)"),
                    "metadata": metadata, "items": [],
                ], "items"
            )
        case .object, .yaml, .aggregatedDiscovery:
            (
                [
                    "kind": .string(definition.listKind), "apiVersion": .string(definition.apiVersion),
                    "metadata": metadata, "items": [],
                ], "items"
            )
        }
    }

    /// One object as an entry of a list.
    func entry(_ item: JSONValue, nowMS: Int) -> JSONValue {
        switch rendering {
        case .table(let version): row(item, version: version, nowMS: nowMS)
        case .partial(let version): partial(item, version: version)
        case .object, .yaml, .aggregatedDiscovery: item
        }
    }

    /// One object as the rendering has it.
    func single(_ object: JSONValue, withColumns: Bool) -> JSONValue {
        switch rendering {
        case .table(let version):
            let metadata: JSONValue = ["resourceVersion": object["metadata"]?["resourceVersion"] ?? ""]
            return table([object], metadata: metadata, version: version, withColumns: withColumns)
        case .partial(let version): return partial(object, version: version)
        case .object, .yaml, .aggregatedDiscovery: return object
        }
    }

    private func respond(_ value: JSONValue, status: Int) -> APIResponse {
        guard rendering == .yaml else { return .json(value, status: status, pretty: pretty) }
        return APIResponse(status: status, contentType: "application/yaml", body: Array(YAMLText.write(value).utf8))
    }

    private func partial(_ object: JSONValue, version: String) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
            "metadata": object["metadata"] ?? .emptyObject,
        ]
    }

    private func table(_ items: [JSONValue], metadata: JSONValue, version: String, withColumns: Bool) -> JSONValue {
        let now = WallClock.milliseconds()
        let columns = definition.columns.map { column -> JSONValue in
            [
                "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
                "description": .string(column.description), "priority": .int(column.priority),
            ]
        }
        let rows = items.map { row($0, version: version, nowMS: now) }
        return [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "columnDefinitions": withColumns ? .array(columns) : .array([]), "rows": .array(rows),
        ]
    }

    private func row(_ item: JSONValue, version: String, nowMS: Int) -> JSONValue {
        var row: JSONValue = ["cells": .array(definition.cells(item, nowMS))]
        switch includeObject {
        case "Object": row["object"] = item
        case "Metadata": row["object"] = partial(item, version: version)
        default: row["object"] = .null
        }
        return row
    }
}

/// Writes JSON values as YAML.
enum YAMLText {
    static func write(_ value: JSONValue) -> String {
        // JSON is YAML, so even a value that the writer refuses gets a valid answer.
        (try? Yams.serialize(node: node(value), allowUnicode: true)) ?? value.text(.indented)
    }

    private static func node(_ value: JSONValue) -> Node {
        switch value {
        case .null: Node("null", Tag(.null))
        case .bool(let flag): Node(flag ? "true" : "false", Tag(.bool))
        case .number(let number): Node(number.text, Tag(number.exactInt == nil ? .float : .int))
        case .string(let text): Node(text, Tag(.str), needsQuotes(text) ? .doubleQuoted : .any)
        case .array(let list): Node(list.map(node), Tag(.seq))
        case .object(let object): Node(object.map { (node(.string($0.key)), node($0.value)) }, Tag(.map))
        }
    }

    /// Texts that a YAML reader would take for something else.
    private static func needsQuotes(_ text: String) -> Bool {
        let word = text.lowercased()
        if ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf"].contains(word) {
            return true
        }
        return text.utf8.first.map { $0 &- 0x30 < 10 || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E } ?? true
    }
}
