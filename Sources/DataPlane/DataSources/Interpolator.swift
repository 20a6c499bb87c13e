import DataPlaneAPI
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// Expands `$VAR`, `${VAR}`, `$__env{VAR}` and `$__file{/path}` in values of configuration files.
///
/// One pass from left to right: what a variable or a file holds is never expanded again, so a `$` in a secret file is
/// safe (in Grafana it isn't). It remembers the files it read, so that a change of them can be noticed.
final class Interpolator {
    /// What became of a text.
    struct Expansion {
        /// The expanded text; may be a secret.
        var text: String
        /// Why it can't be used; without the values of variables and files.
        var error: String?
        /// What is odd but has a meaning: variables that are not set, unknown kinds.
        var warnings: [String] = []
    }

    /// Which forms a file knows.
    enum Forms {
        /// All forms, and `$$` for a dollar sign: provisioning files.
        case all
        /// Only the forms with braces: grafana.ini.
        case braces
    }

    private let environment: [String: String]
    private let forms: Forms
    /// The files named by `$__file{}` as they were before they were read; nil for one that wasn't there.
    private(set) var files: [String: FileFacts?] = [:]

    init(environment: [String: String], forms: Forms = .all) {
        self.environment = environment
        self.forms = forms
    }

    /// Expands one value.
    func expand(_ text: String) -> Expansion {
        guard text.utf8.contains(Self.dollar) else { return Expansion(text: text) }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var result = Expansion(text: "")
        var position = 0
        while position < bytes.count {
            guard bytes[position] == Self.dollar else {
                out.append(bytes[position])
                position += 1
                continue
            }
            let rest = bytes[(position + 1)...]
            if forms == .all, rest.first == Self.dollar {
                out.append(Self.dollar)
                position += 2
            } else if let braces = Self.braces(rest) {
                out += value(of: braces, &result).utf8
                position = braces.end
            } else if forms == .all, rest.first == Self.open {
                // As the shell expansion of Go: `${}` and a `${` that is never closed vanish.
                position += rest.dropFirst().first == Self.close ? 3 : 2
            } else if forms == .all, let name = Self.plainName(rest) {
                out += variable(name, &result).utf8
                position += 1 + name.utf8.count
            } else {
                out.append(Self.dollar)
                position += 1
            }
        }
        result.text = String(decoding: out, as: UTF8.self)
        return result
    }

    private func value(of braces: Braces, _ result: inout Expansion) -> String {
        switch braces.kind {
        case "", "__env":
            if braces.content == "HOSTNAME", environment["HOSTNAME"] == nil { return Self.hostName }
            return variable(braces.content, &result)
        case "__file":
            if files.index(forKey: braces.content) == nil {
                files.updateValue(FileFacts(braces.content), forKey: braces.content)
            }
            do throws(GatewayError) {
                return Self.trimmed(try FileText.read(braces.content))
            } catch {
                result.error = "$__file{}: \(error.message)"
                return ""
            }
        default:
            result.warnings.append("$\(braces.kind){} is not known; known are $__env{} and $__file{}")
            // Grafana takes the kind for a variable that isn't set; grafana.ini keeps the text.
            return forms == .all ? "{\(braces.content)}" : "$\(braces.kind){\(braces.content)}"
        }
    }

    private func variable(_ name: String, _ result: inout Expansion) -> String {
        if let value = environment[name] { return value }
        result.warnings.append(
            "the environment variable \(name) is not set and counts as empty; set it, or write $$ for a dollar sign")
        return ""
    }

    // MARK: - Forms

    private struct Braces {
        let kind: String
        let content: String
        let end: Int
    }

    private static let dollar: UInt8 = 0x24
    private static let open: UInt8 = 0x7B
    private static let close: UInt8 = 0x7D

    /// `{name}` or `__kind{content}` after a dollar sign; the content is not empty and ends at the first brace.
    private static func braces(_ rest: ArraySlice<UInt8>) -> Braces? {
        let kind = rest.prefix(while: isWord)
        guard kind.isEmpty || (kind.starts(with: "__".utf8) && kind.count > 2) else { return nil }
        let body = rest.dropFirst(kind.count)
        guard body.first == open else { return nil }
        let content = body.dropFirst().prefix { $0 != close }
        guard !content.isEmpty, content.endIndex < rest.endIndex else { return nil }
        return Braces(
            kind: String(decoding: kind, as: UTF8.self), content: String(decoding: content, as: UTF8.self),
            end: content.endIndex + 1)
    }

    /// The name after a dollar sign: one digit or sign that is special to a shell, else letters, digits, underscores.
    private static func plainName(_ rest: ArraySlice<UInt8>) -> String? {
        guard let first = rest.first else { return nil }
        if (0x30...0x39).contains(first) || "*#@!?-".utf8.contains(first) {
            return String(decoding: [first], as: UTF8.self)
        }
        let name = rest.prefix(while: isWord)
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    private static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
