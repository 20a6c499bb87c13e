// Step by step, for those who build something of their own from a text, or stop before its end.

extension JSONScanner {
    /// Where the scanner stands.
    package var offset: Int { lexer.position }

    /// The first byte of what comes next, white space passed over; nil at the end.
    package mutating func peek() -> UInt8? { lexer.peek() }

    /// Goes into the object or array that comes next; false when nothing is inside, which passes over it.
    package mutating func enter() throws(JSONError) -> Bool {
        try step { (lexer) throws(JSONFault) in
            let opening = try lexer.require()
            guard opening == 0x7B || opening == 0x5B else { throw JSONFault(.unexpectedByte, lexer.position) }
            lexer.position += 1
            guard try lexer.require() == opening + 2 else { return true }
            lexer.position += 1
            return false
        }
    }

    /// Goes on behind a member or an entry; false behind the last one, which leaves the object or array.
    package mutating func next(inObject isObject: Bool) throws(JSONError) -> Bool {
        try step { (lexer) throws(JSONFault) in
            let byte = try lexer.require()
            guard byte == 0x2C || byte == (isObject ? 0x7D : 0x5D) else {
                throw JSONFault(.unexpectedByte, lexer.position)
            }
            lexer.position += 1
            return byte == 0x2C
        }
    }

    /// Passes over the key that comes next and its colon, and tells whether it is this text.
    package mutating func key(is text: StaticString) throws(JSONError) -> Bool {
        do throws(JSONFault) { return lexer.content(of: try key(), equals: text) } catch { throw failure(error, "") }
    }

    /// Reads the key that comes next and its colon.
    package mutating func keyBytes() throws(JSONError) -> [UInt8] {
        do throws(JSONFault) { return bytes(of: try key()) } catch { throw failure(error, "") }
    }

    /// Reads the string that comes next.
    package mutating func stringBytes() throws(JSONError) -> [UInt8] {
        let token = try step { (lexer) throws(JSONFault) in
            guard try lexer.require() == 0x22 else { throw JSONFault(.unexpectedByte, lexer.position) }
            return try lexer.string()
        }
        return bytes(of: token)
    }

    /// The content of a string that was passed over; nil for another value.
    package func string(at value: Range<Int>) -> String? {
        guard value.lowerBound < lexer.bytes.count, lexer.bytes[value.lowerBound] == 0x22 else { return nil }
        var inner = lexer
        inner.position = value.lowerBound
        guard let token = try? inner.string() else { return nil }
        return inner.content(of: token)
    }

    private func bytes(of token: JSONStringToken) -> [UInt8] {
        var content: [UInt8] = []
        content.reserveCapacity(token.range.count)
        lexer.appendContent(of: token, to: &content)
        return content
    }

    private mutating func step<Value>(
        _ body: (inout JSONLexer) throws(JSONFault) -> Value
    ) throws(JSONError) -> Value {
        do throws(JSONFault) { return try body(&lexer) } catch { throw failure(error, "") }
    }
}
