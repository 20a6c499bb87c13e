import Bytes

/// Keys of a user's extra as they stand in the names of header fields, in Kubernetes' form.
package enum ExtraKey {
    /// The key; the text itself where it holds a broken escape (Kubernetes keeps it then).
    package static func decode(_ text: String) -> String {
        Percent.decode(text.utf8).flatMap { String(validating: $0, as: UTF8.self) } ?? text
    }

    /// The text for a key.
    package static func encode(_ key: String) -> String { Percent.encode(key, keeping: .headerName) }
}
