/// Walks over JSON text without building a tree; what it passes over is validated as the parser would.
package struct JSONScanner {
    /// A member of an object, by its place in the text.
    package struct Member: Sendable {
        let token: JSONStringToken
        /// The bytes of the value.
        package let value: Range<Int>
    }

    /// What reads the tokens: for those who go step by step.
    package var lexer: JSONLexer
    /// The depth at which the text counts as hostile.
    package let maxDepth: Int

    /// Starts at the beginning of the bytes, which must outlive the scanner.
    ///
    /// - Parameter keepsInvalidText: whether strings may hold bytes that aren't UTF-8: Go reads such texts too, so plugins
    ///   may send them.
    package init(_ bytes: UnsafeRawBufferPointer, maxDepth: Int = 512, keepsInvalidText: Bool = false) {
        lexer = JSONLexer(bytes, keepsInvalidText: keepsInvalidText)
        self.maxDepth = maxDepth
    }

    /// The byte range of the one value the text consists of; text after it is an error.
    package mutating func wholeValue() throws(JSONError) -> Range<Int> {
        let range = try value()
        if lexer.peek() != nil { throw failure(JSONFault(.trailingBytes, lexer.position), "") }
        return range
    }

    /// Passes over the next value and returns its byte range.
    package mutating func value() throws(JSONError) -> Range<Int> {
        do throws(JSONFault) {
            guard lexer.peek() != nil else { throw JSONFault(.empty, lexer.position) }
            return try skip(maxDepth: maxDepth)
        } catch {
            throw failure(error, "")
        }
    }

    /// Whether a key is exactly this text, escapes resolved.
    package func key(of member: Member, is text: StaticString) -> Bool {
        lexer.content(of: member.token, equals: text)
    }

    /// The key of a member, escapes resolved.
    package func key(of member: Member) -> String { lexer.content(of: member.token) }

    /// A failure with line, column and path.
    package func failure(_ fault: JSONFault, _ path: String) -> JSONError {
        JSONError(fault.problem, at: fault.offset, in: lexer.bytes, path: path)
    }

    /// Passes over one value; open containers are kept as bits of an own stack.
    package mutating func skip(maxDepth: Int) throws(JSONFault) -> Range<Int> {
        var open = ContainerBits()
        _ = try lexer.require()
        let start = lexer.position
        repeat {
            // One value, or the opening of one.
            var opened = false
            switch try lexer.require() {
            case 0x22: _ = try lexer.string()
            case 0x2D, 0x30...0x39: _ = try lexer.number()
            case 0x74: try lexer.literal("true")
            case 0x66: try lexer.literal("false")
            case 0x6E: try lexer.literal("null")
            case 0x7B: opened = try enter(&open, isObject: true, closing: 0x7D, maxDepth)
            case 0x5B: opened = try enter(&open, isObject: false, closing: 0x5D, maxDepth)
            default: throw JSONFault(.unexpectedByte, lexer.position)
            }
            if opened { continue }
            // What follows a finished value: a comma goes on, closing bytes finish containers.
            closing: while let isObject = open.last {
                let byte = try lexer.require()
                lexer.position += 1
                if byte == 0x2C {
                    if isObject { _ = try key() }
                    break closing
                }
                guard byte == (isObject ? 0x7D : 0x5D) else { throw JSONFault(.unexpectedByte, lexer.position - 1) }
                open.removeLast()
            }
        } while open.last != nil
        return start..<lexer.position
    }

    /// Opens a container; false if it is empty and so finished already.
    private mutating func enter(
        _ open: inout ContainerBits, isObject: Bool, closing: UInt8, _ maxDepth: Int
    ) throws(JSONFault) -> Bool {
        guard open.count < maxDepth else { throw JSONFault(.tooDeep, lexer.position) }
        lexer.position += 1
        if try lexer.require() == closing {
            lexer.position += 1
            return false
        }
        open.append(isObject)
        if isObject { _ = try key() }
        return true
    }

    /// Reads a key and its colon.
    package mutating func key() throws(JSONFault) -> JSONStringToken {
        guard try lexer.require() == 0x22 else { throw JSONFault(.unexpectedByte, lexer.position) }
        let token = try lexer.string()
        guard try lexer.require() == 0x3A else { throw JSONFault(.unexpectedByte, lexer.position) }
        lexer.position += 1
        return token
    }
}

/// The kinds of the open containers; the first 64 need no memory of their own.
private struct ContainerBits {
    private(set) var count = 0
    private var bits: UInt64 = 0
    private var full: [UInt64] = []

    /// Whether the innermost open container is an object; nil when none is open.
    var last: Bool? { count == 0 ? nil : bits & 1 == 1 }

    mutating func append(_ isObject: Bool) {
        if count > 0, count & 63 == 0 { full.append(bits) }
        bits = bits << 1 | (isObject ? 1 : 0)
        count += 1
    }

    mutating func removeLast() {
        count -= 1
        bits >>= 1
        if count > 0, count & 63 == 0, let word = full.popLast() { bits = word }
    }
}
