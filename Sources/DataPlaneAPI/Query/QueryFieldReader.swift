/// Reads the scalar values of a query body by their places; a wrong type is a 400 that names the field.
struct QueryFieldReader {
    let bytes: UnsafeRawBufferPointer

    /// A string; nil if there is none or null.
    func string(_ range: Range<Int>?, _ field: String, expected: String = "a string") throws(GatewayError) -> String? {
        guard let range, let text = content(range) else {
            guard let range, first(range) != 0x6E else { return nil }
            throw wrongType(range, field, expected)
        }
        return text
    }

    /// A boolean; false if there is none.
    func bool(_ range: Range<Int>?, _ field: String) throws(GatewayError) -> Bool {
        guard let range else { return false }
        switch first(range) {
        case 0x74: return true
        case 0x66: return false
        default: throw wrongType(range, field, "true or false")
        }
    }

    /// An integer, or a string of one where `orText`; nil if there is none.
    func integer(_ range: Range<Int>?, _ field: String, orText: Bool) throws(GatewayError) -> Int? {
        guard let range else { return nil }
        let text: String
        if isNumber(range) {
            text = raw(range)
        } else if orText, let content = content(range) {
            text = content
        } else {
            let expected = orText ? "a number or numeric string" : "an integer"
            var error = wrongType(range, field, expected)
            if orText { error.message = "expected number or string for maxDataPoints: \(error.message)" }
            throw error
        }
        if let value = Int(text) { return value }
        guard let value = JSONNumber(text: text)?.exactInt else {
            throw .badField(.invalid(field, string: text, "must be an integer of 64 bits"))
        }
        return value
    }

    /// Milliseconds from a number that may have a fraction, which is cut off, and whether the number is above zero.
    func milliseconds(
        _ range: Range<Int>?, _ field: String
    ) throws(GatewayError) -> (value: Int, isPositive: Bool)? {
        guard let range else { return nil }
        guard isNumber(range) else { throw wrongType(range, field, "a number") }
        let text = raw(range)
        if let value = Int(text) { return (value, value > 0) }
        // The conversion cuts the fraction off; it traps outside 64 bits, hence the bound before it.
        guard let number = Double(text), number.magnitude < 9e18 else {
            throw .badField(.invalid(field, text, "must fit 64 bits"))
        }
        return (Int(number), number > 0)
    }

    /// A data source: `{type, uid, apiVersion}` or, as before, a string that is its uid.
    func dataSource(_ range: Range<Int>?, _ field: String) throws(GatewayError) -> DataSourceReference? {
        guard let range else { return nil }
        if let uid = content(range) { return DataSourceReference(uid: uid) }
        guard first(range) == 0x7B else {
            throw wrongType(range, field, "a string or object", "expected string or object")
        }
        var reference = DataSourceReference()
        for (key, value) in try members(range, field) {
            switch key {
            case "type": reference.type = try string(value, "\(field).type") ?? ""
            case "uid": reference.uid = try string(value, "\(field).uid") ?? ""
            case "apiVersion": reference.apiVersion = try string(value, "\(field).apiVersion") ?? ""
            default: break
            }
        }
        return reference
    }

    /// The texts of a `timeRange`.
    func timeRange(_ range: Range<Int>, _ field: String) throws(GatewayError) -> (from: String?, to: String?) {
        guard first(range) == 0x7B else { throw wrongType(range, field, "an object") }
        var texts: (from: String?, to: String?) = (nil, nil)
        for (key, value) in try members(range, field) {
            switch key {
            case "from": texts.from = try timeText(value, "\(field).from")
            case "to": texts.to = try timeText(value, "\(field).to")
            default: break
            }
        }
        return texts
    }

    /// The text of a point in time.
    func timeText(_ range: Range<Int>?, _ field: String) throws(GatewayError) -> String? {
        try string(range, field, expected: "a string such as \"now-1h\" or \"1735689600000\"")
    }

    private func members(_ range: Range<Int>, _ field: String) throws(GatewayError) -> [(String, Range<Int>)] {
        var scanner = JSONScanner(UnsafeRawBufferPointer(rebasing: bytes[range]))
        let keys = scanner
        var found: [(String, Range<Int>)] = []
        do throws(JSONError) {
            try scanner.members(path: field) { (member) throws(JSONError) in
                let value = member.value
                let place = (range.lowerBound + value.lowerBound)..<(range.lowerBound + value.upperBound)
                found.append((keys.key(of: member), place))
            }
        } catch {
            throw error.badRequest
        }
        return found
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
        guard first(range) == 0x22 else { return nil }
        var lexer = JSONLexer(bytes, at: range.lowerBound)
        return (try? lexer.string()).map { lexer.content(of: $0) }
    }

    private func wrongType(
        _ range: Range<Int>, _ field: String, _ expected: String, _ known: String? = nil
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
        var error = GatewayError.badField(.wrongType(field, expected: expected, found: found))
        if let known { error.message = "\(known): \(error.message)" }
        return error
    }
}
