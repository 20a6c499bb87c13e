import NIOCore

/// The byte classes of RFC 9110 section 5.6.2 (token) and field values.
enum ByteClass {
    /// One byte of classes for each byte.
    ///
    /// Bit 0: token character. Bit 1: allowed in a field value. Bit 2: allowed in a request target.
    static let table: [UInt8] = (0...255).map { value -> UInt8 in
        let byte = UInt8(value)
        var bits: UInt8 = 0
        let letter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A
        let digit = byte >= 0x30 && byte <= 0x39
        if letter || digit || "!#$%&'*+-.^_`|~".utf8.contains(byte) { bits |= 1 }
        if byte == 0x09 || (byte >= 0x20 && byte != 0x7F) { bits |= 2 }
        if byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "#") { bits |= 4 }
        return bits
    }

    static let token: UInt8 = 1
    static let value: UInt8 = 2
    static let target: UInt8 = 4
}

/// Finds the end of a message head in a growing buffer, looking at every byte once.
struct HeadFinder {
    /// How many readable bytes were looked at already.
    private var seen = 0
    /// Whether a line feed alone ends a line too, as in answers (RFC 9112 section 2.2).
    private let isLenient: Bool
    private var hasBareLineFeed = false

    init(isLenient: Bool = false) { self.isLenient = isLenient }

    /// Takes the head (up to and with the empty line) from the buffer, or nil while it is incomplete.
    mutating func next(_ buffer: inout ByteBuffer, limit: Int) throws(HTTPParseError) -> [UInt8]? {
        if isLenient { return try nextLenient(&buffer, limit) }
        let start = seen
        switch buffer.withUnsafeReadableBytes({ Self.end($0, from: start) }) {
        case .none:
            if buffer.readableBytes > limit { throw .headTooLarge(limit: limit) }
            seen = buffer.readableBytes
            return nil
        case .bareLineFeed:
            // Waiting for a proper end would keep a client waiting that never sends one.
            throw .malformed("a line ends with a line feed alone")
        case .length(let length):
            seen = 0
            if length > limit { throw .headTooLarge(limit: limit) }
            return buffer.readBytes(length: length)
        }
    }

    /// The same where lines may end with a line feed alone; the head is given with proper line ends.
    private mutating func nextLenient(_ buffer: inout ByteBuffer, _ limit: Int) throws(HTTPParseError) -> [UInt8]? {
        let (length, isBare) = buffer.withUnsafeReadableBytes { [seen] in Self.lenientEnd($0, from: seen) }
        hasBareLineFeed = hasBareLineFeed || isBare
        guard let length else {
            if buffer.readableBytes > limit { throw .headTooLarge(limit: limit) }
            seen = buffer.readableBytes
            return nil
        }
        let mustClean = hasBareLineFeed
        seen = 0
        hasBareLineFeed = false
        if length > limit { throw .headTooLarge(limit: limit) }
        guard let bytes = buffer.readBytes(length: length) else { return nil }
        return mustClean ? Self.withProperEnds(bytes) : bytes
    }

    /// The length up to and with an empty line, and whether a line among those looked at ends with a line feed alone.
    private static func lenientEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (length: Int?, isBare: Bool) {
        var isBare = false
        for index in start..<max(start, bytes.count) where bytes[index] == 0x0A {
            let hasReturn = index >= 1 && bytes[index - 1] == 0x0D
            if !hasReturn { isBare = true }
            let before = hasReturn ? index - 2 : index - 1
            if before >= 0, bytes[before] == 0x0A { return (index + 1, isBare) }
        }
        return (nil, isBare)
    }

    private static func withProperEnds(_ bytes: [UInt8]) -> [UInt8] {
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count + 32)
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == 0x0A, previous != 0x0D { clean.append(0x0D) }
            clean.append(byte)
            previous = byte
        }
        return clean
    }

    private enum End {
        case none
        case bareLineFeed
        case length(Int)
    }

    private static func end(_ bytes: UnsafeRawBufferPointer, from start: Int) -> End {
        var index = start
        let count = bytes.count
        while index < count {
            guard bytes[index] == 0x0A else {
                index += 1
                continue
            }
            guard index >= 1, bytes[index - 1] == 0x0D else { return .bareLineFeed }
            if index >= 3, bytes[index - 2] == 0x0A, bytes[index - 3] == 0x0D { return .length(index + 1) }
            index += 1
        }
        return .none
    }
}

/// Reads header fields from a head's bytes.
enum FieldScanner {
    /// Reads fields from `start` up to the empty line that ends the block.
    ///
    /// - Parameter isLenient: whether blanks may stand before the colon, as in answers: a proxy removes them (RFC 9112
    ///   section 5.1).
    static func scan(
        _ bytes: UnsafeRawBufferPointer, from start: Int, limits: HTTPLimits, isLenient: Bool = false
    ) throws(HTTPParseError) -> [HeaderBlock.Field] {
        var fields: [HeaderBlock.Field] = []
        fields.reserveCapacity(16)
        var position = start
        let table = ByteClass.table
        while position < bytes.count {
            if bytes[position] == 0x0D {
                guard position + 2 == bytes.count, bytes[position + 1] == 0x0A else {
                    throw .malformed("a carriage return inside the header")
                }
                return fields
            }
            if fields.count == limits.fields { throw .tooManyFields(limit: limits.fields) }
            let nameStart = position
            while position < bytes.count, table[Int(bytes[position])] & ByteClass.token != 0 { position += 1 }
            let nameEnd = position
            if isLenient {
                while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
            }
            guard nameEnd > nameStart, position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
                throw .malformed("a header name has a character that is not allowed")
            }
            position += 1
            while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
            let valueStart = position
            while position < bytes.count, table[Int(bytes[position])] & ByteClass.value != 0 { position += 1 }
            guard position + 1 < bytes.count, bytes[position] == 0x0D, bytes[position + 1] == 0x0A else {
                throw .malformed("a header value has a control character")
            }
            var valueEnd = position
            while valueEnd > valueStart, bytes[valueEnd - 1] == 0x20 || bytes[valueEnd - 1] == 0x09 { valueEnd -= 1 }
            position += 2
            let name = UnsafeRawBufferPointer(rebasing: bytes[nameStart..<nameEnd])
            var known = KnownHeader.of(name)
            // What frames or routes a message keeps its meaning, whatever somebody configured.
            if known == .other, limits.identityNames.contains(name) { known = .identity }
            // Some servers take `Content_Length` for `Content-Length`, others don't: they would disagree on the body.
            if known == .contentLength || known == .transferEncoding, name.contains(UInt8(ascii: "_")) {
                throw .malformed("a header that frames the body is spelled with an underscore")
            }
            fields.append(
                HeaderBlock.Field(
                    nameStart: Int32(truncatingIfNeeded: nameStart), nameEnd: Int32(truncatingIfNeeded: nameEnd),
                    valueStart: Int32(truncatingIfNeeded: valueStart), valueEnd: Int32(truncatingIfNeeded: valueEnd),
                    known: known))
        }
        throw .malformed("the header does not end with an empty line")
    }

    /// Reads a length of at most 18 digits.
    static func length(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
        var value = 0
        for byte in bytes {
            guard byte &- 0x30 < 10 else { return nil }
            value = value &* 10 &+ Int(byte &- 0x30)
        }
        return value
    }
}
