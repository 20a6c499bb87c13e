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

    /// Takes the head (up to and with the empty line) from the buffer, or nil while it is incomplete.
    mutating func next(_ buffer: inout ByteBuffer, limit: Int) throws(HTTPParseError) -> [UInt8]? {
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
    static func scan(
        _ bytes: UnsafeRawBufferPointer, from start: Int, limits: HTTPLimits
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
            guard position > nameStart, position < bytes.count, bytes[position] == UInt8(ascii: ":") else {
                throw .malformed("a header name has a character that is not allowed")
            }
            let nameEnd = position
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
