import RPC

/// A header with its values, as resource calls carry them.
public struct PluginHeader: Sendable, Equatable {
    /// The name; requests need Go's canonical casing (`Content-Type`).
    public var name: String
    /// The values as bytes: HTTP doesn't promise UTF-8.
    public var values: [[UInt8]]

    /// A header with values of any bytes.
    public init(name: String, values: [[UInt8]]) {
        self.name = name
        self.values = values
    }

    /// A header with one text value.
    public init(_ name: String, _ value: String) {
        self.init(name: name, values: [Array(value.utf8)])
    }
}

extension WireWriter {
    /// A map of strings to lists of strings, in the order given.
    package mutating func map(_ field: UInt32, _ headers: [PluginHeader]) {
        for header in headers {
            message(field) { entry in
                entry.string(1, header.name)
                entry.message(2) { list in
                    for value in header.values { list.raw(1, value) }
                }
            }
        }
    }
}
