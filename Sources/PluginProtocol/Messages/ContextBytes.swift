import RPC

/// A plugin context as it goes on the wire, in two parts that are joined only there: what many requests have in common,
/// and the user of one.
package struct ContextBytes: Sendable, Equatable, ExpressibleByArrayLiteral {
    /// The context without a user of one request.
    package var shared: [UInt8]
    /// The user as a field of the context (`PluginUser.contextField`); empty for none.
    package var user: [UInt8]

    /// A context.
    package init(_ shared: [UInt8], user: [UInt8] = []) {
        self.shared = shared
        self.user = user
    }

    /// A context of these bytes.
    package init(arrayLiteral elements: UInt8...) { self.init(elements) }

    /// The same context for a user.
    package func with(user: [UInt8]) -> ContextBytes { ContextBytes(shared, user: user) }
}

extension WireWriter {
    /// A context, also an empty one.
    mutating func raw(_ field: UInt32, _ context: ContextBytes) { raw(field, context.shared, context.user) }
}
