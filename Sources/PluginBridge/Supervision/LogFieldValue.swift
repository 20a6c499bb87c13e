import Bytes

/// A value of a plugin's log line, which keeps its type: text is text without quotes, what is no text is JSON.
package struct LogFieldValue: Sendable, CustomStringConvertible {
    /// For people.
    package let description: String
    /// The value as compact JSON; nil for text, which `description` is.
    package let json: String?

    /// Reads the JSON text of a value; what is no JSON after all is text.
    init(_ text: String) {
        switch try? JSONValue.parse(Array(text.utf8)) {
        case .string(let string):
            (description, json) = (string, nil)
        case let value?:
            let compact = String(decoding: value.bytes(), as: UTF8.self)
            (description, json) = (compact, compact)
        case nil:
            (description, json) = (text, nil)
        }
    }
}
