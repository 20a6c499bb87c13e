internal import Glibc

/// Writes log lines as hosts expect them: one JSON object per line on standard error.
public struct PluginLogger: Sendable {
    /// The name of the part of the plugin that logs; nil leaves it out.
    public var name: String?

    /// A logger.
    public init(name: String? = nil) {
        self.name = name
    }

    /// Writes one line.
    ///
    /// The host filters by level. Secrets have no place here.
    public func log(_ level: PluginLogLevel, _ message: String, _ fields: [String: String] = [:]) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let line = Array((Self.line(level, message, fields, name: name, time: time) + "\n").utf8)
        // One write, so that lines of several threads don't mix.
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    static func line(
        _ level: PluginLogLevel, _ message: String, _ fields: [String: String], name: String?, time: timespec
    ) -> String {
        var text = "{\"@level\":\"\(level.rawValue)\",\"@message\":\(quoted(message))"
        if let name { text += ",\"@module\":\(quoted(name))" }
        text += ",\"@timestamp\":\"\(timestamp(time))\""
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            text += ",\(quoted(key)):\(quoted(value))"
        }
        return text + "}"
    }

    private static func timestamp(_ time: timespec) -> String {
        var parts = tm()
        var seconds = time.tv_sec
        gmtime_r(&seconds, &parts)
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let date =
            "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
        let clock = "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
        return "\(date)T\(clock).\(digits(time.tv_nsec / 1000, 6))Z"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
