import Bytes

/// Writes the JSON of a query that a plugin gets.
struct QueryJSON {
    /// What the reader made of a query.
    struct Values {
        var refID: String
        var dataSource: DataSourceReference?
        var dataSourceID: Int?
        var queryType: String
        var maxDataPoints: Int?
        var hasInterval: Bool
        var isHidden: Bool
    }

    private let bytes: UnsafeRawBufferPointer
    private var out: [UInt8] = []

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The query without its `timeRange`: in Grafana's own order, or sorted by key if a range was taken out.
    static func write(_ query: QueryBody.Query, of body: QueryBody, _ values: Values, _ bytes: UnsafeRawBufferPointer)
        -> [UInt8]
    {
        var json = QueryJSON(bytes)
        // Nothing is longer than the client wrote it but a default refId and a data source without a type.
        json.out.reserveCapacity(query.size &+ 64)
        json.out.append(0x7B)
        if query[.timeRange] == nil {
            for key in QueryKey.written { json.known(key, query, values) }
            json.additional(query, body)
        } else {
            json.merged(query, body, values)
        }
        json.out.append(0x7D)
        return json.out
    }

    // MARK: - Members

    private mutating func additional(_ query: QueryBody.Query, _ body: QueryBody) {
        for index in query.additional { member(index, query, body) }
    }

    /// Both sorted lists of keys, merged.
    private mutating func merged(_ query: QueryBody.Query, _ body: QueryBody, _ values: Values) {
        var next = query.additional.lowerBound
        let lexer = JSONLexer(bytes)
        for known in QueryKey.sorted {
            while next < query.additional.upperBound, precedes(body.additional[next].key, known, lexer) {
                member(next, query, body)
                next += 1
            }
            self.known(known, query, values)
        }
        while next < query.additional.upperBound {
            member(next, query, body)
            next += 1
        }
    }

    private func precedes(_ token: JSONStringToken, _ known: QueryKey, _ lexer: JSONLexer) -> Bool {
        var key: [UInt8] = []
        lexer.appendContent(of: token, to: &key)
        return key.lexicographicallyPrecedes(
            UnsafeBufferPointer(start: known.name.utf8Start, count: known.name.utf8CodeUnitCount))
    }

    /// A key that the gateway doesn't know; of equal ones only the last.
    private mutating func member(_ index: Int, _ query: QueryBody.Query, _ body: QueryBody) {
        let lexer = JSONLexer(bytes)
        let entry = body.additional[index]
        if index + 1 < query.additional.upperBound, lexer.isSame(entry.key, body.additional[index + 1].key) { return }
        if out.count > 1 { out.append(0x2C) }
        if entry.key.hasEscapes {
            // Written in the shortest form, as a plugin would get it from Grafana.
            JSONText.appendQuoted(lexer.content(of: entry.key), to: &out, escapeHTML: false)
        } else {
            copy((entry.key.range.lowerBound &- 1)..<(entry.key.range.upperBound &+ 1))
        }
        out.append(0x3A)
        value(entry.value)
    }

    private mutating func known(_ key: QueryKey, _ query: QueryBody.Query, _ values: Values) {
        switch key {
        case .refID: text(key, values.refID)
        case .resultAssertions:
            guard let range = query[.resultAssertions] else { return }
            name(key)
            value(range)
        case .dataSource:
            guard let reference = values.dataSource else { return }
            name(key)
            write(reference)
        case .dataSourceID: if let id = values.dataSourceID, id > 0 { number(key, id) }
        case .queryType: if !values.queryType.isEmpty { text(key, values.queryType) }
        case .maxDataPoints: if let points = values.maxDataPoints, points > 0 { number(key, points) }
        case .intervalMS:
            guard values.hasInterval, let range = query[.intervalMS] else { return }
            name(key)
            copy(range)
        case .hide:
            guard values.isHidden else { return }
            name(key)
            append("true")
        case .timeRange: return
        }
    }

    // MARK: - Values

    private mutating func text(_ key: QueryKey, _ value: String) {
        name(key)
        JSONText.appendQuoted(value, to: &out, escapeHTML: false)
    }

    private mutating func number(_ key: QueryKey, _ value: Int) {
        name(key)
        out += String(value).utf8
    }

    private mutating func name(_ key: QueryKey) {
        if out.count > 1 { out.append(0x2C) }
        out.append(0x22)
        append(key.name)
        out.append(0x22)
        out.append(0x3A)
    }

    private mutating func write(_ reference: DataSourceReference) {
        append(#"{"type":"#)
        JSONText.appendQuoted(reference.type, to: &out, escapeHTML: false)
        append(#","uid":"#)
        JSONText.appendQuoted(reference.uid, to: &out, escapeHTML: false)
        if !reference.apiVersion.isEmpty {
            append(#","apiVersion":"#)
            JSONText.appendQuoted(reference.apiVersion, to: &out, escapeHTML: false)
        }
        out.append(0x7D)
    }

    /// A validated value without the white space between its tokens; everything else stays byte by byte.
    private mutating func value(_ range: Range<Int>) {
        let first = bytes[range.lowerBound]
        guard first == 0x7B || first == 0x5B else { return copy(range) }
        var runStart = range.lowerBound
        var index = range.lowerBound
        var inString = false
        while index < range.upperBound {
            let byte = bytes[index]
            if inString {
                if byte == 0x5C { index &+= 1 } else if byte == 0x22 { inString = false }
            } else if byte == 0x22 {
                inString = true
            } else if byte <= 0x20 {
                copy(runStart..<index)
                runStart = index &+ 1
            }
            index &+= 1
        }
        copy(runStart..<range.upperBound)
    }

    @inline(__always)
    private mutating func copy(_ range: Range<Int>) {
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[range]))
    }

    @inline(__always)
    private mutating func append(_ text: StaticString) {
        out.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
