import DataPlaneAPI

#if canImport(Glibc)
import Glibc
#endif

/// The text format of Prometheus (version 0.0.4), looked at line by line as Prometheus reads it.
struct ExpositionText {
    /// The first line that isn't of the format.
    struct Fault: Equatable {
        /// From 1.
        let line: Int
        let why: StaticString
        /// The beginning of the line.
        let text: String

        static func == (left: Self, right: Self) -> Bool {
            left.line == right.line && left.why.description == right.why.description && left.text == right.text
        }
    }

    /// So much of a line is shown, bytes.
    private static let shown = 120

    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    /// Where the line ends.
    private var end = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// What is wrong with a text; nil for a good one, empty ones too.
    static func fault(_ bytes: UnsafeRawBufferPointer) -> Fault? {
        var reader = ExpositionText(bytes)
        var number = 0
        var start = 0
        while start < bytes.count {
            number += 1
            reader.index = start
            reader.end = lineEnd(bytes, from: start)
            if let why = reader.line() {
                let line = bytes[start..<min(reader.end, start + shown)]
                return Fault(line: number, why: why, text: String(decoding: line, as: UTF8.self))
            }
            start = reader.end + 1
        }
        return nil
    }

    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let base = bytes.baseAddress, let found = memchr(base + start, 0x0A, bytes.count - start) else {
            return bytes.count
        }
        return UnsafeRawPointer(found) - base
    }

    /// The byte at the index, a line end at the end of the line.
    @inline(__always)
    private var byte: UInt8 { index < end ? bytes[index] : 0x0A }

    private mutating func skipBlanks() {
        while byte == 0x20 || byte == 0x09 { index &+= 1 }
    }

    private mutating func line() -> StaticString? {
        skipBlanks()
        if index == end { return nil }
        if byte == UInt8(ascii: "#") { return comment() }
        var hasName = false
        if byte != UInt8(ascii: "{") {
            guard name(allowsColon: true) else { return "it begins with no metric name" }
            hasName = true
            skipBlanks()
        }
        if byte == UInt8(ascii: "{"), let why = labels(&hasName) { return why }
        guard hasName else { return "it has no metric name" }
        skipBlanks()
        guard number() else { return "it has no number as its value" }
        skipBlanks()
        if index < end, !timestamp() { return "what follows the value is no time in milliseconds" }
        skipBlanks()
        return index == end ? nil : "something follows the time"
    }

    // MARK: - Parts

    /// Only `# TYPE` has to say something known.
    private mutating func comment() -> StaticString? {
        index &+= 1
        skipBlanks()
        let keyword = word()
        guard keyword.elementsEqual("TYPE".utf8) else {
            return isUTF8(index..<end) ? nil : "it is not UTF-8"
        }
        skipBlanks()
        guard byte == UInt8(ascii: "\"") ? quoted() : name(allowsColon: true) else { return "its TYPE names no metric" }
        skipBlanks()
        let type = word()
        skipBlanks()
        let isKnown = Self.types.contains { type.elementsEqual($0.utf8) }
        return isKnown && index == end ? nil : "its TYPE is not known"
    }

    private static let types = [
        "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown", "untyped",
    ]

    private mutating func word() -> Slice<UnsafeRawBufferPointer> {
        let start = index
        while byte > 0x20 { index &+= 1 }
        return bytes[start..<index]
    }

    /// A name of a metric, or of a label when no colon is allowed.
    private mutating func name(allowsColon: Bool) -> Bool {
        let start = index
        while true {
            switch byte {
            case 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): break
            case UInt8(ascii: ":") where allowsColon: break
            case 0x30...0x39 where index > start: break
            default: return index > start
            }
            index &+= 1
        }
    }

    /// The labels; a name in quotes alone is the metric's.
    private mutating func labels(_ hasName: inout Bool) -> StaticString? {
        index &+= 1
        while true {
            skipBlanks()
            if byte == UInt8(ascii: "}") {
                index &+= 1
                return nil
            }
            let isQuoted = byte == UInt8(ascii: "\"")
            guard isQuoted ? quoted() : name(allowsColon: false) else { return "a label has no name" }
            skipBlanks()
            if isQuoted, byte != UInt8(ascii: "=") {
                guard !hasName else { return "a label has no value" }
                hasName = true
            } else {
                guard byte == UInt8(ascii: "=") else { return "a label has no value" }
                index &+= 1
                skipBlanks()
                guard quoted() else { return "the value of a label is no text in quotes" }
                skipBlanks()
            }
            if byte == UInt8(ascii: ",") {
                index &+= 1
            } else if byte != UInt8(ascii: "}") {
                return "its labels are never closed"
            }
        }
    }

    /// A text in quotes, of UTF-8.
    private mutating func quoted() -> Bool {
        guard byte == UInt8(ascii: "\"") else { return false }
        index &+= 1
        let start = index
        var isASCII = true
        while index < end, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] >= 0x80 { isASCII = false }
            index &+= bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < end else { return false }
        let content = start..<index
        index &+= 1
        return isASCII || isUTF8(content)
    }

    private func isUTF8(_ range: Range<Int>) -> Bool {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        return String(validating: text, as: UTF8.self) != nil
    }

    /// A number as Go reads it.
    private mutating func number() -> Bool {
        let text = word()
        if Self.isDecimal(text) { return true }
        // NaN, infinities, hexadecimal ones: rare.
        var words = String(decoding: text.prefix(64), as: UTF8.self).lowercased()[...]
        if words.first == "+" || words.first == "-" { words = words.dropFirst() }
        switch words {
        case "nan", "inf", "infinity": return true
        default: return words.hasPrefix("0x") && Double(words) != nil
        }
    }

    private static func isDecimal(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        var rest = text
        func digits() -> Int {
            let count = rest.prefix { $0 &- 0x30 < 10 }.count
            rest = rest.dropFirst(count)
            return count
        }
        func sign() {
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        }
        sign()
        var count = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            count += digits()
        }
        guard count > 0 else { return false }
        if let letter = rest.first, letter | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            sign()
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    private mutating func timestamp() -> Bool {
        var text = word()
        if text.first == UInt8(ascii: "-") { text = text.dropFirst() }
        return !text.isEmpty && text.count < 20 && text.allSatisfy { $0 &- 0x30 < 10 }
    }
}
