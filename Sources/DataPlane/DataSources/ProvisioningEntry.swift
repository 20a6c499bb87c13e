import APIServer
import Bytes
import DataPlaneAPI

/// Reads the members of one mapping of a provisioning file; collects what is wrong instead of stopping at it.
///
/// Values are expanded first and parsed then, as Grafana does. Faults name file, line and field, never a value: it may
/// be a secret.
struct ProvisioningEntry {
    /// The path of the mapping, such as `datasources[0]`; empty for the document.
    let path: String
    /// What is wrong so far.
    private(set) var faults: [GatewayError] = []
    /// Whether the entry can be used in spite of its faults.
    private(set) var isUsable = true
    /// Where it stands, for messages: `file: line N: datasources[0]`.
    var place: String { "\(file): line \(document.line(of: path)): \(path)" }

    /// The file it stands in.
    let file: String

    private let json: JSONValue
    private let document: YAMLDocument
    private let interpolator: Interpolator?
    private let snakeCase: Bool
    private var read: Set<String> = []

    /// - Parameters:
    ///   - interpolator: expands texts; nil to take them literally.
    ///   - snakeCase: whether `basic_auth` is read where `basicAuth` is asked for (files of version 0).
    init(
        _ json: JSONValue, path: String, document: YAMLDocument, file: String, interpolator: Interpolator?,
        snakeCase: Bool
    ) {
        self.json = json
        self.path = path
        self.document = document
        self.file = file
        self.interpolator = interpolator
        self.snakeCase = snakeCase
        if json.asObject == nil { reject("", "must be a mapping, not \(json.typeName)") }
    }

    // MARK: - Values

    /// A text, empty if it isn't given; numbers and booleans count as they are written.
    mutating func text(_ key: String) -> String {
        guard let (key, value) = member(key) else { return "" }
        return expanded(value, key, expected: "text") ?? ""
    }

    /// A text that must be there.
    mutating func requiredText(_ key: String) -> String {
        let before = faults.count
        let text = text(key)
        if text.isEmpty, faults.count == before, json.asObject != nil {
            reject(key, "is missing; give it a text that is not empty")
        }
        return text
    }

    /// An integer; nil if it isn't given or empty.
    mutating func integer(_ key: String) -> Int? {
        guard let (key, value) = member(key), let text = expanded(value, key, expected: "an integer"), !text.isEmpty
        else { return nil }
        if let number = Int(text) ?? JSONNumber(text: text)?.exactInt ?? GoInteger.value(text) { return number }
        reject(key, "must be an integer")
        return nil
    }

    /// A boolean; false if it isn't given or empty.
    mutating func bool(_ key: String) -> Bool {
        guard let (key, value) = member(key), let text = expanded(value, key, expected: "true or false") else {
            return false
        }
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "", "0", "f", "F", "false", "FALSE", "False": return false
        // YAML 1.1's words, which Grafana takes in files of version 0.
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "n", "N", "no", "No", "NO", "off", "Off", "OFF": return false
        default:
            reject(key, "must be true or false")
            return false
        }
    }

    /// A free-form mapping with all texts in it expanded; they stay texts.
    mutating func object(_ key: String) -> JSONObject {
        guard let (key, value) = member(key), !value.isNull else { return JSONObject() }
        guard value.asObject != nil, let object = deep(value, key).asObject else {
            reject(key, "must be a mapping, not \(value.typeName)")
            return JSONObject()
        }
        return object
    }

    /// A mapping of texts.
    mutating func texts(_ key: String) -> [String: String] {
        guard let (key, value) = member(key), !value.isNull else { return [:] }
        guard let object = value.asObject else {
            reject(key, "must be a mapping of texts, not \(value.typeName)")
            return [:]
        }
        var texts: [String: String] = [:]
        for (name, value) in object.map({ ($0.key, $0.value) }) {
            texts[name] = expanded(value, "\(key).\(name)", expected: "text") ?? ""
        }
        return texts
    }

    /// A list of mappings, as written.
    mutating func list(_ key: String) -> [JSONValue] {
        guard let (key, value) = member(key), !value.isNull else { return [] }
        guard let list = value.asArray else {
            reject(key, "must be a list, not \(value.typeName)")
            return []
        }
        return list
    }

    /// The entries of a list, each to be read by itself.
    mutating func entries(_ key: String) -> [ProvisioningEntry] {
        let written = member(key)?.key ?? key
        return list(key).enumerated().map { index, value in
            ProvisioningEntry(
                value, path: "\(field(written))[\(index)]", document: document, file: file,
                interpolator: interpolator, snakeCase: snakeCase)
        }
    }

    // MARK: - Faults

    /// Reports the keys that were never asked for; they are ignored, as in Grafana.
    mutating func reportUnknown() {
        for key in json.asObject?.keys ?? [] where !read.contains(key) {
            warn(key, "is not a known key and is ignored")
        }
    }

    /// Reports a key that must not be used any more.
    mutating func refuse(_ key: String, _ why: String) {
        guard let (key, _) = member(key) else { return }
        warn(key, why)
    }

    /// A fault that makes the entry unusable.
    mutating func reject(_ key: String, _ why: String) {
        isUsable = false
        warn(key, why)
    }

    /// A fault that leaves the entry usable.
    mutating func warn(_ key: String, _ why: String) {
        let field = field(key)
        let name = field.isEmpty ? "the document" : field
        faults.append(GatewayError(.badRequest, "\(file): line \(document.line(of: field)): \(name): \(why)"))
    }

    // MARK: - Access

    private func field(_ key: String) -> String { key.isEmpty ? path : JSONValue.join(path, key) }

    /// The member of a key, by its name in this version of the file.
    private mutating func member(_ key: String) -> (key: String, value: JSONValue)? {
        if snakeCase {
            let snake = Self.snakeCase(key)
            if let value = json[snake] {
                read.insert(snake)
                return (snake, value)
            }
        }
        guard let value = json[key] else { return nil }
        read.insert(key)
        return (key, value)
    }

    private mutating func expanded(_ value: JSONValue, _ key: String, expected: String) -> String? {
        switch value {
        case .null: return ""
        case .string(let text): return expand(text, key)
        case .number(let number): return document.text(of: field(key)) ?? number.text
        case .bool(let value): return document.text(of: field(key)) ?? (value ? "true" : "false")
        case .array, .object:
            reject(key, "must be \(expected), not \(value.typeName)")
            return nil
        }
    }

    private mutating func expand(_ text: String, _ key: String) -> String {
        guard let interpolator else { return text }
        let expansion = interpolator.expand(text)
        if let error = expansion.error { reject(key, error) }
        for warning in expansion.warnings { warn(key, warning) }
        return expansion.text
    }

    // Recursive: a document is as deep as the YAML reader let it become.
    private mutating func deep(_ value: JSONValue, _ key: String) -> JSONValue {
        switch value {
        case .null, .bool, .number: return value
        case .string(let text): return .string(expand(text, key))
        case .array(let list):
            var values: [JSONValue] = []
            for (index, value) in list.enumerated() { values.append(deep(value, "\(key)[\(index)]")) }
            return .array(values)
        case .object(let object):
            var members = JSONObject()
            for member in object { members[member.key] = deep(member.value, "\(key).\(member.key)") }
            return .object(members)
        }
    }

    private static func snakeCase(_ key: String) -> String {
        var out = ""
        for character in key {
            if character.isUppercase { out += "_" }
            out += character.lowercased()
        }
        return out
    }
}
