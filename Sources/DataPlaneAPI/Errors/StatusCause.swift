import Bytes

/// One entry of `details.causes` of a `Status`: a field and what is wrong with it.
package struct StatusCause: Sendable, Hashable {
    /// The JSON path of the field, such as `spec.services[0].type`.
    package var field: String
    /// Kubernetes' word for the kind of problem, such as `FieldValueInvalid`.
    package var reason: String
    /// What is wrong and what would be right, without the field's name.
    package var message: String

    /// Creates a cause from its three parts.
    package init(field: String, reason: String, message: String) {
        self.field = field
        self.reason = reason
        self.message = message
    }

    /// A field that must be given is missing or empty.
    package static func required(_ field: String, _ detail: String = "") -> StatusCause {
        let message = detail.isEmpty ? "Required value" : "Required value: \(detail)"
        return StatusCause(field: field, reason: "FieldValueRequired", message: message)
    }

    /// A field holds a value that can't be used; `value` is its JSON text.
    package static func invalid(_ field: String, _ value: String, _ detail: String) -> StatusCause {
        let message = "Invalid value: \(shortened(value)): \(detail)"
        return StatusCause(field: field, reason: "FieldValueInvalid", message: message)
    }

    /// A field holds a string that can't be used.
    package static func invalid(_ field: String, string: String, _ detail: String) -> StatusCause {
        invalid(field, quoted(string), detail)
    }

    /// A field has the wrong JSON type.
    package static func wrongType(_ field: String, expected: String, found: String) -> StatusCause {
        StatusCause(
            field: field, reason: "FieldValueTypeInvalid", message: "Invalid value: must be \(expected), not \(found)")
    }

    /// A field holds a word outside its list of words.
    package static func notSupported(_ field: String, _ value: String, supported: [String]) -> StatusCause {
        let list = supported.map(quoted).joined(separator: ", ")
        let message = "Unsupported value: \(quoted(shortened(value))): supported values: \(list)"
        return StatusCause(field: field, reason: "FieldValueNotSupported", message: message)
    }

    /// A list entry repeats the key of an earlier one.
    package static func duplicate(_ field: String, _ value: String) -> StatusCause {
        StatusCause(field: field, reason: "FieldValueDuplicate", message: "Duplicate value: \(shortened(value))")
    }

    /// A field may not be set, or not to this value.
    package static func forbidden(_ field: String, _ detail: String) -> StatusCause {
        StatusCause(field: field, reason: "FieldValueForbidden", message: "Forbidden: \(detail)")
    }

    /// A field is longer than `limit` bytes.
    package static func tooLong(_ field: String, limit: Int) -> StatusCause {
        StatusCause(
            field: field, reason: "FieldValueTooLong", message: "Too long: may not be more than \(limit) bytes")
    }

    /// A list has more entries than it may.
    package static func tooMany(_ field: String, count: Int, limit: Int) -> StatusCause {
        StatusCause(
            field: field, reason: "FieldValueTooMany", message: "Too many: \(count): must have at most \(limit) items")
    }

    /// The field and the message as Kubernetes joins them in the message of an `Invalid` error.
    package var line: String { "\(field): \(message)" }

    /// A value in JSON quotes.
    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONText.appendQuoted(shortened(text), to: &bytes, escapeHTML: false)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A client's value cut to a length that is fit for a message.
    private static func shortened(_ text: String) -> String {
        let limit = 256
        guard text.utf8.count > limit else { return text }
        return String(text.unicodeScalars.prefix(limit / 4).map(Character.init)) + "..."
    }
}
