import Bytes

/// How important a line of a plugin's log is.
public enum PluginLogLevel: String, Sendable {
    case trace, debug, info, warn, error
}

/// One line that a plugin wrote to standard error.
package struct PluginLogLine: Sendable, Equatable {
    /// The level the plugin gave, or the one the line's form implies.
    package var level: PluginLogLevel
    /// The text.
    package var message: String
    /// The plugin's own logger name.
    package var logger: String?
    /// The other keys in order, with their values as raw JSON text.
    package var fields: [Field] = []

    /// A key and its value.
    package struct Field: Sendable, Equatable {
        /// The key.
        package var key: String
        /// The value as JSON text, strings with their quotes.
        package var json: String
    }
}

/// Reads the lines of one plugin's standard error; remembers that a panic began, because its lines belong to it.
package struct PluginLogParser: Sendable {
    private var panicking = false

    /// A parser for a fresh process.
    package init() {}

    /// Reads one line without its end.
    package mutating func parse(_ line: [UInt8]) -> PluginLogLine {
        if line.first == UInt8(ascii: "{"), let structured = Self.structured(line) { return structured }
        let text = String(decoding: line, as: UTF8.self)
        for (prefix, level) in Self.prefixes where text.hasPrefix(prefix) {
            let rest = text.dropFirst(prefix.count)
            return PluginLogLine(level: level, message: String(rest.drop { $0 == " " }))
        }
        if text.hasPrefix("panic: ") || text.hasPrefix("fatal error: ") { panicking = true }
        return PluginLogLine(level: panicking ? .error : .debug, message: text)
    }

    private static let prefixes: [(String, PluginLogLevel)] = [
        ("[TRACE]", .trace), ("[DEBUG]", .debug), ("[INFO]", .info), ("[WARN]", .warn), ("[ERROR]", .error),
    ]

    /// A JSON object with a known level and a message, else nil.
    private static func structured(_ line: [UInt8]) -> PluginLogLine? {
        line.withUnsafeBytes { bytes in
            // A line that nests deeper is no log line. As for Go, bytes that aren't UTF-8 make no other line of it.
            var scanner = JSONScanner(bytes, maxDepth: 64, keepsInvalidText: true)
            var level: PluginLogLevel?
            var message: String?
            var logger: String?
            var fields: [PluginLogLine.Field] = []
            do throws(JSONError) {
                let place = scanner
                try scanner.members { member in
                    switch place.key(of: member) {
                    case "@level": level = place.string(at: member.value).flatMap { PluginLogLevel(rawValue: $0) }
                    case "@message": message = place.string(at: member.value)
                    case "@module": logger = place.string(at: member.value)
                    case "@timestamp": break
                    case let key: fields.append(.init(key: key, json: bytes.text(member.value)))
                    }
                }
            } catch {
                return nil
            }
            guard scanner.peek() == nil, let level, let message else { return nil }
            return PluginLogLine(level: level, message: message, logger: logger, fields: fields)
        }
    }
}
