import Bytes
import DataPlaneAPI
import Yams

/// One document of a YAML (or JSON) text, as a JSON value that remembers its lines.
package struct YAMLDocument: Sendable {
    /// The content.
    package let json: JSONValue
    /// The line of the document's first node, from 1.
    package let line: Int
    private let lines: [String: Int]
    private let texts: [String: String]

    /// The text of a number or boolean as it was written (`007`, `True`); nil for everything else.
    package func text(of field: String) -> String? { texts[field] }

    /// The line of a field such as `spec.services[0].type`; that of the nearest field above it if it isn't there.
    package func line(of field: String) -> Int {
        var path = field[...]
        while !path.isEmpty {
            if let line = lines[String(path)] { return line }
            guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            path = path[..<cut]
        }
        return line
    }

    /// Reads all documents of a text; empty ones are left out.
    ///
    /// - Parameters:
    ///   - text: YAML or JSON.
    ///   - file: its name, for errors.
    ///   - linesBefore: how many lines stand before the text in the file.
    /// - Throws: `GatewayError` with file, line and what is wrong.
    package static func parse(
        _ text: String, file: String, linesBefore: Int = 0
    ) throws(GatewayError) -> [YAMLDocument] {
        var documents: [YAMLDocument] = []
        var parser: YamlSequence<Node>
        do { parser = try Yams.compose_all(yaml: withoutMarks(text)) } catch {
            throw GatewayError(.badRequest, "\(file): not valid YAML: \(error)")
        }
        while let node = parser.next() {
            var reader = Reader(file: file, linesBefore: linesBefore)
            let json = try reader.value(node, path: "", depth: 0)
            if json.isNull { continue }
            documents.append(
                YAMLDocument(
                    json: json, line: linesBefore + (node.mark?.line ?? 1), lines: reader.lines, texts: reader.texts))
        }
        if let error = parser.error {
            throw GatewayError(.badRequest, "\(file): \(describe(error, linesBefore: linesBefore))")
        }
        return documents
    }

    /// The text without byte order marks at the beginning of its documents: files from Windows, put together.
    private static func withoutMarks(_ text: String) -> String {
        let mark: Unicode.Scalar = "\u{FEFF}"
        guard text.unicodeScalars.contains(mark) else { return text }
        var out = String.UnicodeScalarView()
        // At the beginning of the text, and of a line behind a separator or before one.
        var startsDocument = true
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
            if !out.isEmpty || line.startIndex != text.startIndex { out.append("\n") }
            let body = line.unicodeScalars.first == mark ? Substring(line.unicodeScalars.dropFirst()) : line
            out += startsDocument || body.hasPrefix("---") ? body.unicodeScalars : line.unicodeScalars
            startsDocument = body.hasPrefix("---") || (startsDocument && body.isEmpty)
        }
        return String(out)
    }

    /// What a YAML reader's error says, in a person's words, with line and column.
    package static func describe(_ error: any Error, linesBefore: Int = 0) -> String {
        if let error = error as? YamlError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                return "line \(linesBefore + mark.line), column \(mark.column): \(problem)"
            case .duplicatedKeysInMapping(let duplicates, let context):
                return
                    "line \(linesBefore + context.mark.line): the key \(duplicates.joined(separator: ", ")) is there twice"
            default: break
            }
        }
        return "not valid YAML: \(error)"
    }

    /// Turns nodes into values, bounded: aliases of aliases could otherwise grow without end.
    private struct Reader {
        private static let mostNodes = 200_000
        private static let deepest = 100

        let file: String
        let linesBefore: Int
        var lines: [String: Int] = [:]
        var texts: [String: String] = [:]
        private var nodes = 0

        init(file: String, linesBefore: Int) {
            self.file = file
            self.linesBefore = linesBefore
        }

        mutating func value(_ node: Node, path: String, depth: Int) throws(GatewayError) -> JSONValue {
            nodes += 1
            let line = linesBefore + (node.mark?.line ?? 0)
            guard nodes <= Self.mostNodes else { throw fault(line, "has more than \(Self.mostNodes) values") }
            guard depth <= Self.deepest else { throw fault(line, "is nested deeper than \(Self.deepest) levels") }
            if !path.isEmpty { lines[path] = line }
            switch node {
            case .scalar(let scalar):
                let value = Self.scalar(scalar, node)
                switch value {
                case .number, .bool: texts[path] = scalar.string
                default: break
                }
                return value
            case .sequence(let items):
                var values: [JSONValue] = []
                for (index, item) in items.enumerated() {
                    values.append(try value(item, path: "\(path)[\(index)]", depth: depth + 1))
                }
                return .array(values)
            case .mapping(let mapping):
                var object = JSONObject()
                var merged: [Node] = []
                for (key, item) in mapping {
                    if case .scalar(let scalar) = key, scalar.style == .plain, scalar.string == "<<" {
                        merged += item.sequence.map { Array($0) } ?? [item]
                        continue
                    }
                    guard let name = key.string else {
                        throw fault(key.mark.map { linesBefore + $0.line } ?? line, "a key is not text")
                    }
                    object[name] = try value(item, path: path.isEmpty ? name : "\(path).\(name)", depth: depth + 1)
                    lines[path.isEmpty ? name : "\(path).\(name)"] = key.mark.map { linesBefore + $0.line } ?? line
                }
                // Merge keys (`<<: *defaults`): what the mapping itself has wins, then the first of the merged ones.
                for other in merged {
                    guard let defaults = try value(other, path: "\(path).<<", depth: depth + 1).asObject else {
                        throw fault(line, "has a << that names no mapping")
                    }
                    for member in defaults where !object.contains(member.key) { object[member.key] = member.value }
                }
                return .object(object)
            case .alias:
                throw fault(line, "has an alias that leads nowhere")
            }
        }

        private func fault(_ line: Int, _ why: String) -> GatewayError {
            GatewayError(.badRequest, "\(file): line \(line): the document \(why)")
        }

        /// YAML 1.2's core schema with Go's spellings of integers; `yes`, `on` and dates stay text, as Kubernetes' own
        /// reader has it mostly.
        private static func scalar(_ scalar: Node.Scalar, _ node: Node) -> JSONValue {
            switch scalar.style {
            case .doubleQuoted, .singleQuoted, .literal, .folded: return .string(scalar.string)
            case .any, .plain: break
            }
            switch scalar.string {
            case "", "~", "null", "Null", "NULL": return .null
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            default: break
            }
            if let number = JSONNumber(text: scalar.string) ?? GoInteger.number(scalar.string) {
                return .number(number)
            }
            guard let first = scalar.string.utf8.first,
                first == 0x2B || first == 0x2D || first == 0x2E || first &- 0x30 < 10,
                let value = node.float, value.isFinite, !scalar.string.contains(":")
            else { return .string(scalar.string) }
            if let whole = node.int { return .int(whole) }
            return JSONNumber(text: "\(value)").map { .number($0) } ?? .string(scalar.string)
        }
    }
}
