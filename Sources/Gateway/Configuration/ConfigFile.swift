import APIServer
import DataPlaneAPI
import HTTPKit
import Origins
import SystemKit
import Yams

/// The `--config` file: a YAML mapping of settings.
package enum ConfigFile {
    /// Applies the file's settings.
    ///
    /// - Throws: the first fault, with file and line; `check` uses `faults` to get them all.
    package static func apply(_ path: String, to settings: inout Settings) throws(GatewayError) {
        let (read, faults) = load(path, settings)
        if let first = faults.first { throw first }
        settings = read
    }

    /// Reads the file and gives every fault in it.
    package static func load(_ path: String, _ base: Settings) -> (Settings, [GatewayError]) {
        var settings = base
        var faults: [GatewayError] = []
        let text: String
        do { text = try FileText.read(path) } catch {
            return (settings, [GatewayError(error.code, "--config: \(error.message)")])
        }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            return (settings, [GatewayError(.badRequest, "\(path): \(YAMLDocument.describe(error))")])
        }
        guard let node else { return (settings, []) }
        guard case .mapping(let mapping) = node else {
            return (
                settings, [GatewayError(.badRequest, "\(path): must be a mapping of settings, like `http-port: 8080`")]
            )
        }
        var size = 0
        for (key, written) in mapping {
            guard faults.count < mostFaults else {
                faults.append(GatewayError(.badRequest, "\(path): has more faults; mend these first"))
                break
            }
            let line = key.mark?.line ?? 0
            let origin = "\(path):\(line)"
            guard let name = key.string else {
                faults.append(GatewayError(.badRequest, "\(origin): a setting's name must be text"))
                continue
            }
            let value: Node
            do { value = try expanded(written, "\(origin): \(name)", &size) } catch {
                faults.append(error)
                continue
            }
            if name == "listeners" {
                do { settings.listeners = try listeners(value, path, origin) } catch { faults.append(error) }
                continue
            }
            var values: [String] = []
            switch value {
            case .scalar(let scalar): values = [scalar.string]
            case .sequence(let items):
                values = items.compactMap { item in if case .scalar(let scalar) = item { scalar.string } else { nil } }
                if values.count != items.count {
                    faults.append(GatewayError(.badRequest, "\(origin): \(name): must be a list of text"))
                    continue
                }
            case .mapping, .alias:
                faults.append(GatewayError(.badRequest, "\(origin): \(name): must be a value or a list of values"))
                continue
            }
            do { try settings.set(name, values, origin: origin) } catch {
                faults.append(asWritten(error, written, value))
            }
        }
        return (settings, faults)
    }

    /// No file has more values; a few lines with aliases could stand for any number.
    private static let mostValues = 100_000
    private static let mostFaults = 50

    /// A fault that shows values as they are written: what variables hold may be secret.
    private static func asWritten(_ error: GatewayError, _ written: Node, _ value: Node) -> GatewayError {
        var error = error
        func pairs(_ written: Node, _ value: Node) -> [(String, String)] {
            switch (written, value) {
            case (.scalar(let text), .scalar(let full)): text.string == full.string ? [] : [(text.string, full.string)]
            case (.sequence(let texts), .sequence(let all)): zip(texts, all).flatMap { pairs($0, $1) }
            default: []
            }
        }
        for (text, full) in pairs(written, value) where !full.isEmpty {
            error.message = error.message.replacing(full, with: text)
            // A list in one text is told part by part.
            for part in full.split(separator: ",") where !text.contains(part) && error.message.contains("\"\(part)\"") {
                error.message = error.message.replacing("\"\(part)\"", with: "\"\(text)\"")
            }
            let shown = Origin.withoutUser(full)
            if shown != full { error.message = error.message.replacing(shown, with: text) }
        }
        return error
    }

    /// A value with `${NAME}` replaced by that variable of the environment, everywhere in it; `$${` stands for `${`.
    private static func expanded(_ node: Node, _ place: String, _ size: inout Int) throws(GatewayError) -> Node {
        size += 1
        guard size <= mostValues else {
            throw GatewayError(.badRequest, "\(place): the file has more than \(mostValues) values, aliases resolved")
        }
        switch node {
        case .scalar(var scalar):
            guard scalar.string.contains("${") else { return node }
            scalar.string = try Self.expanded(scalar.string, place)
            return .scalar(scalar)
        case .sequence(var items):
            for index in items.indices { items[index] = try expanded(items[index], place, &size) }
            return .sequence(items)
        case .mapping(var mapping):
            for (key, value) in mapping { mapping[key] = try expanded(value, place, &size) }
            return .mapping(mapping)
        case .alias: return node
        }
    }

    private static func expanded(_ text: String, _ place: String) throws(GatewayError) -> String {
        var out = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            if rest[..<start.lowerBound].last == "$" {
                out += rest[..<start.lowerBound].dropLast() + "${"
                rest = rest[start.upperBound...]
                continue
            }
            out += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw GatewayError(.badRequest, "\(place): a ${ has no end; write $${ for the characters themselves")
            }
            let name = String(rest[start.upperBound..<end])
            guard let value = ProcessEnvironment.all[name] else {
                throw GatewayError(.badRequest, "\(place): the environment has no variable \"\(name)\"; set it")
            }
            out += value
            rest = rest[rest.index(after: end)...]
        }
        return out + rest
    }
}
