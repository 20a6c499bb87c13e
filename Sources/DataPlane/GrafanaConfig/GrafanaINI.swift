import DataPlaneAPI
import SystemKit

/// The text of a grafana.ini: sections, keys and values with their lines, nothing expanded.
struct GrafanaINI: Sendable {
    /// A value as written.
    struct Entry: Sendable, Equatable {
        /// The key.
        let key: String
        /// The value without quotes and comments.
        let value: String
        /// Its line, from 1.
        let line: Int
    }

    /// What is wrong with the form of the file.
    private(set) var faults: [GatewayError] = []
    /// Names of sections in the order they appear.
    private(set) var sectionNames: [String] = []
    private var sections: [String: [Entry]] = [:]
    /// Sections with lines that can't be read.
    private var damaged: Set<String> = []
    /// Whether it isn't known to which section all lines belong.
    private var isTorn = false

    /// Whether a section may have entries that couldn't be read.
    func mayLack(_ section: String) -> Bool { isTorn || damaged.contains(section) }

    /// The entries of a section in their order; a key that is there again counts once, with its last value.
    func entries(_ section: String) -> [Entry] { sections[section] ?? [] }

    /// The value of a key.
    func entry(_ section: String, _ key: String) -> Entry? { sections[section]?.first { $0.key == key } }

    /// An empty file.
    init() {}

    /// Reads a text.
    ///
    /// - Parameter file: its name, for faults.
    init(_ text: String, file: String) {
        var section = "DEFAULT"
        var lines = Lines(text)
        while let line = lines.next() {
            let text = Self.trimmed(line)
            guard let first = text.utf8.first, first != 0x3B, first != 0x23 else { continue }
            let number = lines.number
            func fault(_ why: String) -> GatewayError { GatewayError(.badRequest, "\(file): line \(number): \(why)") }
            if first == 0x5B {
                guard let end = text.lastIndex(of: "]") else {
                    isTorn = true
                    faults.append(fault("the section has no closing ]"))
                    continue
                }
                section = Self.trimmed(text[text.index(after: text.startIndex)..<end])
                if sections[section] == nil {
                    sections[section] = []
                    sectionNames.append(section)
                }
                continue
            }
            guard let equals = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
                damaged.insert(section)
                faults.append(fault("[\(section)]: a line must be a section, a comment or `key = value`"))
                continue
            }
            let key = Self.trimmed(text[..<equals])
            guard !key.isEmpty else {
                damaged.insert(section)
                faults.append(fault("[\(section)]: the key before = is missing"))
                continue
            }
            guard let value = Self.value(text[text.index(after: equals)...], &lines) else {
                // The rest of the file was taken for the value.
                isTorn = true
                faults.append(fault("[\(section)] \(key): the quote is never closed"))
                continue
            }
            set(section, Entry(key: key, value: value, line: number))
        }
    }

    private mutating func set(_ section: String, _ entry: Entry) {
        var entries = sections[section] ?? []
        if let index = entries.firstIndex(where: { $0.key == entry.key }) {
            entries[index] = entry
        } else {
            entries.append(entry)
        }
        sections[section] = entries
        if !sectionNames.contains(section) { sectionNames.append(section) }
    }

    // MARK: - Values

    /// The value after the equals sign; nil if a quote is never closed.
    private static func value(_ text: Substring, _ lines: inout Lines) -> String? {
        var rest = trimmed(text)
        for quote in ["\"\"\"", "`"] where rest.hasPrefix(quote) {
            return quoted(String(rest.dropFirst(quote.count)), quote, &lines)
        }
        // A backslash at the end goes on in the next line.
        while rest.hasSuffix("\\"), let next = lines.next() {
            rest = String(rest.dropLast()) + trimmed(next)
        }
        if let comment = rest.firstIndex(where: { $0 == ";" || $0 == "#" }) { rest = trimmed(rest[..<comment]) }
        for quote in ["\"", "'"] where rest.count >= 2 && rest.hasPrefix(quote) && rest.hasSuffix(quote) {
            return String(rest.dropFirst().dropLast())
        }
        return rest
    }

    /// The text up to a closing quote, which may be some lines below; kept as it is.
    private static func quoted(_ first: String, _ quote: String, _ lines: inout Lines) -> String? {
        var text = first
        while true {
            if let end = start(of: quote, in: text) { return String(text[..<end]) }
            guard let next = lines.next() else { return nil }
            text += "\n\(next)"
        }
    }

    private static func start(of quote: String, in text: String) -> String.Index? {
        text.indices.first { text[$0...].hasPrefix(quote) }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }

    /// The lines of a text, counted.
    private struct Lines {
        private let lines: [Substring]
        /// The number of the line that was given last, from 1.
        private(set) var number = 0

        init(_ text: String) {
            let body = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
            lines = body.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        }

        mutating func next() -> Substring? {
            guard number < lines.count else { return nil }
            number += 1
            return lines[number - 1]
        }
    }
}
