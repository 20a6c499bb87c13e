import Bytes
import DataPlaneAPI
import Storage

/// A field selector on name and namespace: terms that must all hold.
struct FieldSelector: Sendable, Hashable {
    struct Term: Sendable, Hashable {
        var field: String
        var value: String
        var isEqual: Bool
    }

    var terms: [Term] = []

    var isEmpty: Bool { terms.isEmpty }

    /// The one name that can match, if the selector says so.
    var name: String? { terms.first { $0.field == "metadata.name" && $0.isEqual }?.value }

    /// Whether it looks at more than name and namespace.
    var readsTrees: Bool { terms.contains { $0.field != "metadata.name" && $0.field != "metadata.namespace" } }

    /// Whether an object is chosen; its tree is made for other fields than name and namespace only.
    func matches(_ object: StoredObject) -> Bool {
        var tree: JSONValue?
        return terms.allSatisfy { term in
            let value: String
            switch term.field {
            case "metadata.name": value = object.key.name
            case "metadata.namespace": value = object.key.namespace
            default:
                let body = tree ?? object.body
                tree = body
                let found = term.field.split(separator: ".").reduce(Optional(body)) { $0?[String($1)] }
                value = found?.asString ?? ""
            }
            return (value == term.value) == term.isEqual
        }
    }

    /// Reads `a=b`, `a==b`, `a!=b`, joined by commas; `\` escapes `,`, `=` and `\`.
    static func parse(_ text: String, _ definition: ResourceDefinition) throws(GatewayError) -> FieldSelector {
        var selector = FieldSelector()
        for part in split(text) where !part.isEmpty {
            guard let equal = indexOfEqual(part) else {
                throw GatewayError(
                    .badRequest, "invalid selector: '\(String(part))'; can't understand '\(text)'; write field=value")
            }
            var field = part[..<equal]
            var value = part[(equal + 1)...]
            var isEqual = true
            if field.last == "!" {
                field = field.dropLast()
                isEqual = false
            } else if value.first == "=" {
                value = value.dropFirst()
            }
            let name = String(field)
            guard
                name == "metadata.name" || definition.isNamespaced && name == "metadata.namespace"
                    || definition.selectableFields.contains(name)
            else {
                throw GatewayError(.badRequest, "field label not supported: \(name)")
            }
            selector.terms.append(Term(field: name, value: try unescaped(value, text), isEqual: isEqual))
        }
        return selector
    }

    private static func split(_ text: String) -> [[Character]] {
        var parts: [[Character]] = [[]]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                parts.append([])
                continue
            }
            isEscaped = character == "\\" && !isEscaped
            parts[parts.count - 1].append(character)
        }
        return parts
    }

    private static func indexOfEqual(_ part: [Character]) -> Int? { part.firstIndex(of: "=") }

    private static func unescaped(_ value: ArraySlice<Character>, _ text: String) throws(GatewayError) -> String {
        var result = ""
        var isEscaped = false
        for character in value {
            if isEscaped {
                guard character == "," || character == "=" || character == "\\" else {
                    throw GatewayError(
                        .badRequest, "invalid field selector \"\(text)\": only ',', '=' and '\\' are escaped")
                }
                result.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        guard !isEscaped else {
            throw GatewayError(.badRequest, "invalid field selector \"\(text)\": it ends in the middle of an escape")
        }
        return result
    }
}
