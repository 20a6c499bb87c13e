import Bytes

#if canImport(Glibc)
import Glibc
#endif

/// Reads the scalar values of a query body by their places; a wrong type is a 400 that names the field.
struct QueryFieldReader {
    let bytes: UnsafeRawBufferPointer

    /// A string; nil if there is none or null.
    func string(_ range: Range<Int>?, _ field: QueryField, expected: String = "a string") throws(GatewayError)
        -> String?
    {
        guard let range else { return nil }
        if let text = content(range) { return text }
        if first(range) == 0x6E { return nil }
        throw wrongType(range, field, expected)
    }

    /// A boolean; false if there is none.
    func bool(_ range: Range<Int>?, _ field: QueryField) throws(GatewayError) -> Bool {
        guard let range else { return false }
        switch first(range) {
        case 0x74: return true
        case 0x66: return false
        default: throw wrongType(range, field, "true or false")
        }
    }

    /// An integer; nil if there is none.
    func integer(_ range: Range<Int>?, _ field: QueryField) throws(GatewayError) -> Int? {
        guard let range else { return nil }
        if let value = digits(range) { return value }
        guard isNumber(range) else { throw wrongType(range, field, "an integer") }
        let text = raw(range)
        guard let value = Int(text) ?? JSONNumber(text: text)?.exactInt else { throw Self.noInteger(text, field) }
        return value
    }

    /// A number of points, also as text; nil if there is none.
    ///
    /// Browsers send the width of a panel, which may have a fraction; it is cut off.
    func points(_ range: Range<Int>?, _ field: QueryField) throws(GatewayError) -> Int? {
        guard let range else { return nil }
        if let value = digits(range) { return value }
        let text: String
        if isNumber(range) {
            text = raw(range)
        } else if let content = content(range) {
            text = content
        } else {
            var error = wrongType(range, field, "a number or numeric string")
            error.message = "expected number or string for maxDataPoints: \(error.message)"
            throw error
        }
        if let value = Int(text) { return value }
        guard let number = JSONNumber(text: text)?.double, let value = Self.cut(number) else {
            throw Self.noInteger(text, field)
        }
        return value
    }

    /// A number without its fraction; nil outside 64 bits, where the conversion would trap.
    private static func cut(_ number: Double) -> Int? { number.magnitude < 9e18 ? Int(number) : nil }

    private static func noInteger(_ text: String, _ field: QueryField) -> GatewayError {
        .badField(.invalid(field.path, string: text, "must be an integer of 64 bits"))
    }

    /// Milliseconds from a number that may have a fraction, which is cut off, and whether the number is above zero.
    func milliseconds(
        _ range: Range<Int>?, _ field: QueryField
    ) throws(GatewayError) -> (value: Int, isPositive: Bool)? {
        guard let range else { return nil }
        if let value = digits(range) { return (value, value > 0) }
        guard isNumber(range) else { throw wrongType(range, field, "a number") }
        let text = raw(range)
        if let value = Int(text) { return (value, value > 0) }
        guard let number = Double(text), let value = Self.cut(number) else {
            throw .badField(.invalid(field.path, text, "must fit 64 bits"))
        }
        return (value, number > 0)
    }

    /// A data source: `{type, uid, apiVersion}` or, as before, a string that is its uid.
    func dataSource(_ range: Range<Int>?, _ field: QueryField) throws(GatewayError) -> DataSourceReference? {
        guard let range else { return nil }
        if let uid = content(range) { return DataSourceReference(uid: uid) }
        guard first(range) == 0x7B else {
            throw wrongType(range, field, "a string or object", "expected string or object")
        }
        var reference = DataSourceReference()
        var members = Members(bytes, range)
        while let (key, value) = members.next() {
            if members.lexer.content(of: key, equals: "type") {
                reference.type = try string(value, field.member("type")) ?? ""
            } else if members.lexer.content(of: key, equals: "uid") {
                reference.uid = try string(value, field.member("uid")) ?? ""
            } else if members.lexer.content(of: key, equals: "apiVersion") {
                reference.apiVersion = try string(value, field.member("apiVersion")) ?? ""
            }
        }
        return reference
    }

    /// The places of the ends of a `timeRange`.
    func timeRange(
        _ range: Range<Int>, _ field: QueryField
    ) throws(GatewayError) -> (from: Range<Int>?, to: Range<Int>?) {
        guard first(range) == 0x7B else { throw wrongType(range, field, "an object") }
        var places: (from: Range<Int>?, to: Range<Int>?) = (nil, nil)
        var members = Members(bytes, range)
        while let (key, value) = members.next() {
            if members.lexer.content(of: key, equals: "from") {
                places.from = value
            } else if members.lexer.content(of: key, equals: "to") {
                places.to = value
            }
        }
        return places
    }

    /// The text of a point in time.
    func timeText(_ range: Range<Int>?, _ field: QueryField) throws(GatewayError) -> String? {
        try string(range, field, expected: "a string such as \"now-1h\" or \"1735689600000\"")
    }

    /// The value of a string of digits, for epoch milliseconds without a detour; nil for everything else.
    func epoch(_ range: Range<Int>?) -> Int? {
        guard let range, range.count > 2, first(range) == 0x22 else { return nil }
        return digits((range.lowerBound &+ 1)..<(range.upperBound &- 1))
    }

    /// The value of at most 18 digits and nothing else.
    private func digits(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty, range.count <= 18 else { return nil }
        var value = 0
        for index in range {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ Int(digit)
        }
        return value
    }

    private func first(_ range: Range<Int>) -> UInt8 { range.isEmpty ? 0 : bytes[range.lowerBound] }

    private func isNumber(_ range: Range<Int>) -> Bool {
        let byte = first(range)
        return byte == 0x2D || (0x30...0x39).contains(byte)
    }

    private func raw(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    private func content(_ range: Range<Int>) -> String? {
        guard first(range) == 0x22, range.count >= 2, let base = bytes.baseAddress else { return nil }
        let inner = (range.lowerBound &+ 1)..<(range.upperBound &- 1)
        if memchr(base + inner.lowerBound, 0x5C, inner.count) == nil { return raw(inner) }
        return JSONLexer(bytes).content(of: JSONStringToken(range: inner, hasEscapes: true, hasNonASCII: true))
    }

    private func wrongType(
        _ range: Range<Int>, _ field: QueryField, _ expected: String, _ known: String? = nil
    ) -> GatewayError {
        let found =
            switch first(range) {
            case 0x22: "a string"
            case 0x7B: "an object"
            case 0x5B: "an array"
            case 0x74, 0x66: "a boolean"
            case 0x6E: "null"
            default: "a number"
            }
        var error = GatewayError.badField(.wrongType(field.path, expected: expected, found: found))
        if let known { error.message = "\(known): \(error.message)" }
        return error
    }

    /// The members of an object that has been validated already.
    private struct Members {
        private var scanner: JSONScanner
        var lexer: JSONLexer { scanner.lexer }

        init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
            scanner = JSONScanner(bytes)
            scanner.lexer.position = range.lowerBound
        }

        /// The next member; the position is on the byte before it: the opening brace or a comma.
        mutating func next() -> (key: JSONStringToken, value: Range<Int>)? {
            guard let byte = scanner.lexer.peek(), byte == 0x7B || byte == 0x2C else { return nil }
            scanner.lexer.position &+= 1
            guard scanner.lexer.peek() == 0x22, let key = try? scanner.key(),
                let value = try? scanner.skip(maxDepth: scanner.maxDepth)
            else { return nil }
            return (key, value)
        }
    }
}
