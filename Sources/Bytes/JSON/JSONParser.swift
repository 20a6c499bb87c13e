/// How a JSON text is read.
package struct JSONOptions: Sendable, Hashable {
    /// What happens when an object gives a key twice.
    package enum Duplicates: Sendable, Hashable {
        /// An error that names the key.
        case reject
        /// The last value counts, as Go's and JavaScript's decoders do it.
        case lastWins
    }

    /// The number of arrays and objects that may be open at once.
    package var maxDepth: Int
    /// What happens when an object gives a key twice.
    package var duplicates: Duplicates

    /// Creates options.
    package init(maxDepth: Int = 512, duplicates: Duplicates = .reject) {
        self.maxDepth = maxDepth
        self.duplicates = duplicates
    }
}

extension JSONValue {
    /// Reads one JSON value and nothing after it, strictly by RFC 8259.
    ///
    /// No recursion: the depth of the text costs memory, never stack.
    package static func parse(
        _ bytes: UnsafeRawBufferPointer, _ options: JSONOptions = JSONOptions()
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, options)
        do throws(JSONFault) {
            return try parser.run()
        } catch {
            throw JSONError(error.problem, at: error.offset, in: bytes, path: parser.path)
        }
    }

    /// Reads one JSON value from an array of bytes.
    package static func parse(
        _ bytes: [UInt8], _ options: JSONOptions = JSONOptions()
    ) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBytes { (raw) -> Result<JSONValue, JSONError> in
            do throws(JSONError) { return .success(try parse(raw, options)) } catch { return .failure(error) }
        }.get()
    }

    /// Reads one JSON value from a text.
    package static func parse(
        _ text: String, _ options: JSONOptions = JSONOptions()
    ) throws(JSONError) -> JSONValue {
        try parse(Array(text.utf8), options)
    }
}

/// Builds the tree with own stacks: finished values wait in one list until their container closes.
private struct JSONParser {
    private struct Open {
        var isObject: Bool
        var firstValue: Int
        var firstKey: Int
    }

    private struct Key {
        var text: String
        var offset: Int
    }

    private var lexer: JSONLexer
    private let options: JSONOptions
    private var open: [Open] = []
    private var values: [JSONValue] = []
    private var keys: [Key] = []

    init(_ bytes: UnsafeRawBufferPointer, _ options: JSONOptions) {
        lexer = JSONLexer(bytes)
        self.options = options
    }

    /// Where in the value the parser stands, for errors.
    var path: String {
        var path = ""
        for (level, container) in open.enumerated() {
            let inner = level + 1 < open.count ? open[level + 1] : nil
            if container.isObject {
                let end = inner?.firstKey ?? keys.count
                if end > container.firstKey { path = JSONValue.join(path, keys[end - 1].text) }
            } else {
                path += "[\((inner?.firstValue ?? values.count) - container.firstValue)]"
            }
        }
        return path
    }

    mutating func run() throws(JSONFault) -> JSONValue {
        guard lexer.peek() != nil else { throw JSONFault(.empty, lexer.position) }
        while true {
            guard try next() else { continue }
            // What follows a finished value: a comma goes on, closing bytes finish containers.
            closing: while let container = open.last {
                let byte = try lexer.require()
                if byte == 0x2C {
                    lexer.position += 1
                    if container.isObject { try readKey() }
                    break closing
                }
                guard byte == (container.isObject ? 0x7D : 0x5D) else {
                    throw JSONFault(.unexpectedByte, lexer.position)
                }
                lexer.position += 1
                try close(container)
            }
            guard open.isEmpty else { continue }
            if lexer.peek() != nil { throw JSONFault(.trailingBytes, lexer.position) }
            return values.popLast() ?? .null
        }
    }

    /// Reads a scalar or an empty container; opens any other container and returns false.
    private mutating func next() throws(JSONFault) -> Bool {
        switch try lexer.require() {
        case 0x22:
            values.append(.string(lexer.content(of: try lexer.string())))
        case 0x7B:
            return try enter(isObject: true, closing: 0x7D, empty: .object(JSONObject()))
        case 0x5B:
            return try enter(isObject: false, closing: 0x5D, empty: .array([]))
        case 0x2D, 0x30...0x39:
            let raw = UnsafeRawBufferPointer(rebasing: lexer.bytes[try lexer.number()])
            values.append(.number(JSONNumber(checked: String(decoding: raw, as: UTF8.self))))
        case 0x74:
            try lexer.literal("true")
            values.append(.bool(true))
        case 0x66:
            try lexer.literal("false")
            values.append(.bool(false))
        case 0x6E:
            try lexer.literal("null")
            values.append(.null)
        default:
            throw JSONFault(.unexpectedByte, lexer.position)
        }
        return true
    }

    private mutating func enter(isObject: Bool, closing: UInt8, empty: JSONValue) throws(JSONFault) -> Bool {
        guard open.count < options.maxDepth else { throw JSONFault(.tooDeep, lexer.position) }
        lexer.position += 1
        if try lexer.require() == closing {
            lexer.position += 1
            values.append(empty)
            return true
        }
        open.append(Open(isObject: isObject, firstValue: values.count, firstKey: keys.count))
        if isObject { try readKey() }
        return false
    }

    /// Takes the container's values off the list and puts the container there.
    private mutating func close(_ container: Open) throws(JSONFault) {
        // Index by index: a slice that is still alive when the list shrinks would copy the whole list.
        let value: JSONValue
        if container.isObject {
            var object = JSONObject()
            object.reserve(values.count - container.firstValue)
            for index in 0..<min(values.count - container.firstValue, keys.count - container.firstKey) {
                let key = keys[container.firstKey + index]
                let member = values[container.firstValue + index]
                guard object.insert(key.text, member) else { continue }
                if options.duplicates == .reject {
                    keys.append(key)
                    throw JSONFault(.duplicateKey, key.offset)
                }
                object[key.text] = member
            }
            keys.removeLast(keys.count - container.firstKey)
            value = .object(object)
        } else {
            value = .array(Array(values[container.firstValue...]))
        }
        values.removeLast(values.count - container.firstValue)
        values.append(value)
        open.removeLast()
    }

    private mutating func readKey() throws(JSONFault) {
        guard try lexer.require() == 0x22 else { throw JSONFault(.unexpectedByte, lexer.position) }
        let offset = lexer.position
        keys.append(Key(text: lexer.content(of: try lexer.string()), offset: offset))
        guard try lexer.require() == 0x3A else { throw JSONFault(.unexpectedByte, lexer.position) }
        lexer.position += 1
    }
}
