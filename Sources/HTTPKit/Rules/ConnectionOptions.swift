/// The field names that `Connection` declares to be of one hop only (RFC 9110 section 7.6.1).
package struct ConnectionOptions {
    private var names: [[UInt8]] = []

    /// What the head of a message declares.
    package init(_ headers: HeaderBlock) {
        guard headers.mayHave(.connection) else { return }
        for field in headers.fields where field.known == .connection { headers.withValue(field) { add($0) } }
    }

    /// What lines of `Connection` declare that came another way.
    package init(_ lines: [[UInt8]]) {
        for line in lines { line.withUnsafeBytes { add($0) } }
    }

    private mutating func add(_ line: UnsafeRawBufferPointer) {
        _ = HeaderBlock.list(line) { token in
            // These three say something about the connection and name no field that isn't of one hop anyway.
            if !token.equalsIgnoringCase("close"), !token.equalsIgnoringCase("keep-alive"),
                !token.equalsIgnoringCase("upgrade")
            {
                names.append(Array(token))
            }
            return false
        }
    }

    /// Whether a field is among them.
    package func contains(_ headers: HeaderBlock, _ field: HeaderBlock.Field) -> Bool {
        guard !names.isEmpty, !Self.isEndToEnd(field.known) else { return false }
        return headers.withName(field, isNamed)
    }

    /// Whether a field of this name is among them.
    package func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        !names.isEmpty && isNamed(name) && !Self.isEndToEnd(KnownHeader.of(name))
    }

    /// What the request is for, who makes it and what its content is can't be named away: RFC 9110 forbids to list such
    /// fields, and without one the next server would take the message for another.
    private static func isEndToEnd(_ known: KnownHeader) -> Bool {
        switch known {
        case .host, .authorization, .cookie, .contentType, .contentEncoding, .pageOrigin: true
        default: false
        }
    }

    private func isNamed(_ name: UnsafeRawBufferPointer) -> Bool {
        names.contains { $0.count == name.count && zip($0, name).allSatisfy { Self.lower($0) == Self.lower($1) } }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
