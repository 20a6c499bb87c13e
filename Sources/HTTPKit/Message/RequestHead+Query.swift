extension RequestHead {
    /// The query's parameters in order, with `+` and percent escapes decoded.
    ///
    /// Whoever decides by a parameter reads it here, so that two never read it differently.
    package var queryParameters: [(name: String, value: String)] { withQuery { QueryParameters.parameters($0) } }
}

/// Takes a query apart.
enum QueryParameters {
    static func parameters(_ bytes: UnsafeRawBufferPointer) -> [(name: String, value: String)] {
        bytes.split(separator: UInt8(ascii: "&")).map { part in
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(pair.first), decoded(pair.dropFirst().first))
        }
    }

    private static func decoded(_ text: Slice<UnsafeRawBufferPointer>?) -> String {
        guard let text else { return "" }
        var out: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if byte == UInt8(ascii: "%"), text.endIndex - index > 2, let high = digit(text[index + 1]),
                let low = digit(text[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
                continue
            }
            out.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            index += 1
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
