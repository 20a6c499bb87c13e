import DataPlaneAPI
import Logging
import PluginBridge
import SystemKit

/// Writes one line per entry to stderr, as text or JSON; control characters never get through.
package struct LineLogHandler: LogHandler {
    /// How entries are written.
    package enum Format: Sendable {
        case text, json
    }

    /// Entries below are dropped.
    package var logLevel: Logger.Level
    /// Added to every entry.
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: Format

    /// A handler for one logger.
    package init(label: String, level: Logger.Level, format: Format) {
        self.label = label
        self.logLevel = level
        self.format = format
    }

    /// One value of the metadata.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an entry.
    package func log(event: LogEvent) {
        var all = metadata
        if let more = event.metadata { all.merge(more) { $1 } }
        let fields = all.sorted { $0.key < $1.key }
        var line: [UInt8] = []
        line.reserveCapacity(256)
        let level = Self.name(event.level)
        switch format {
        case .json:
            line.append(contentsOf: "{\"time\":\"\(Self.timestamp())\",\"level\":\"\(level)\",\"logger\":".utf8)
            Self.quote(label, into: &line)
            line.append(contentsOf: ",\"msg\":".utf8)
            Self.quote(event.message.description, into: &line)
            for (key, value) in fields {
                line.append(UInt8(ascii: ","))
                Self.quote(key, into: &line)
                line.append(UInt8(ascii: ":"))
                if let json = Self.json(value) {
                    line.append(contentsOf: json.utf8)
                } else {
                    Self.quote("\(value)", into: &line)
                }
            }
            line.append(UInt8(ascii: "}"))
        case .text:
            line.append(contentsOf: "\(Self.timestamp()) \(level) \(label): ".utf8)
            Self.plain(event.message.description, into: &line)
            for (key, found) in fields {
                let value = "\(found)"
                line.append(0x20)
                Self.plain(key, into: &line)
                line.append(UInt8(ascii: "="))
                if value.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\"") }) || value.isEmpty {
                    Self.quote(value, into: &line)
                } else {
                    line.append(contentsOf: value.utf8)
                }
            }
        }
        line.append(0x0A)
        LogOutput.write(line)
    }

    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .trace: "trace"
        case .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }

    /// What a value is where it is no text: numbers stay numbers.
    private static func json(_ value: Logger.MetadataValue) -> String? {
        guard case .stringConvertible(let typed) = value else { return nil }
        if let field = typed as? LogFieldValue { return field.json }
        return typed is any BinaryInteger ? typed.description : nil
    }

    private static func quote(_ text: String, into line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                line.append(UInt8(ascii: "\\"))
                line.append(byte)
            case 0x0A: line.append(contentsOf: "\\n".utf8)
            case 0x09: line.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                let hex = String(byte, radix: 16)
                line.append(contentsOf: "\\u00\(hex.utf8.count < 2 ? "0" : "")\(hex)".utf8)
            default: line.append(byte)
            }
        }
        line.append(UInt8(ascii: "\""))
    }

    private static func plain(_ text: String, into line: inout [UInt8]) {
        for byte in text.utf8 { line.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
    }

    /// UTC with milliseconds (RFC 3339).
    static func timestamp() -> String { WallClock.text(WallClock.milliseconds(), hasMilliseconds: true) }
}

extension LineLogHandler {
    /// Makes every logger of the process write such lines; call once, before the first logger is made.
    package static func install(level: String, format: String) {
        let level: Logger.Level =
            switch level {
            case "trace": .trace
            case "debug": .debug
            case "warn": .warning
            case "error": .error
            default: .info
            }
        LoggingSystem.bootstrap {
            LineLogHandler(label: $0, level: level, format: format == "json" ? .json : .text)
        }
    }
}
