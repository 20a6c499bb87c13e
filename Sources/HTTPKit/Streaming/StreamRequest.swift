import DataPlaneAPI

extension RequestHead {
    /// The id of the last event that a client of a stream got: the header, or `lastEventId` of the query for clients
    /// that can't set headers; nil when there is none, or one that no server of ours gave.
    package var lastEventID: String? {
        let text =
            headers.firstValue(named: "last-event-id")
            ?? queryValue("lastEventId").map { String(decoding: $0, as: UTF8.self) }
        guard let text, !text.isEmpty, text.utf8.count <= 64 else { return nil }
        return text
    }

    /// The JSON that a client of a stream gives along as `?data=`; empty for none.
    ///
    /// - Throws: 400 for an escape that can't be read.
    package func streamData() throws(GatewayError) -> [UInt8] {
        if let data = queryValue("data") { return data }
        let isThere = withQuery { query in
            query.split(separator: UInt8(ascii: "&")).contains { $0.starts(with: "data=".utf8) }
        }
        guard isThere else { return [] }
        throw GatewayError(.badRequest, "the query parameter data has a % that no two hexadecimal digits follow")
    }

    /// The first value of a query parameter, escapes resolved; nil when it isn't there or badly escaped.
    package func queryValue(_ name: StaticString) -> [UInt8]? {
        withQuery { query in
            for part in query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
                let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                guard let key = halves.first, let found = Self.unescaped(key) else { continue }
                let isWanted = name.withUTF8Buffer { $0.elementsEqual(found) }
                if isWanted { return halves.count > 1 ? Self.unescaped(halves[1]) : [] }
            }
            return nil
        }
    }

    /// Resolves `%XX` and `+` of a form.
    private static func unescaped(_ text: some Collection<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var bytes = text.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "+"): out.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(hexDigit), let low = bytes.next().flatMap(hexDigit) else {
                    return nil
                }
                out.append(high << 4 | low)
            default: out.append(byte)
            }
        }
        return out
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
