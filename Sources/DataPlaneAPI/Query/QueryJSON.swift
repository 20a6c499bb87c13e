/// Writes the JSON of a query that a plugin gets.
struct QueryJSON {
    private let bytes: UnsafeRawBufferPointer
    private var out: [UInt8] = [0x7B]

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The query without its `timeRange`: in Grafana's own order, or sorted by key if a range was taken out.
    static func write(
        _ query: QueryBody.Query, refID: String, dataSource: DataSourceReference?, maxDataPoints: Int?,
        hasInterval: Bool, dataSourceID: Int?, queryType: String, isHidden: Bool, from bytes: UnsafeRawBufferPointer
    ) -> [UInt8] {
        var members: [(key: [UInt8], write: (inout QueryJSON) -> Void)] = []
        func add(_ key: QueryKey, _ write: @escaping (inout QueryJSON) -> Void) {
            members.append((Array(key.name.description.utf8), write))
        }
        add(.refID) { $0.string(refID) }
        if let range = query[.resultAssertions] { add(.resultAssertions) { $0.compact(range) } }
        if let dataSource { add(.dataSource) { $0.reference(dataSource) } }
        if let dataSourceID, dataSourceID > 0 { add(.dataSourceID) { $0.integer(dataSourceID) } }
        if !queryType.isEmpty { add(.queryType) { $0.string(queryType) } }
        if let maxDataPoints, maxDataPoints > 0 { add(.maxDataPoints) { $0.integer(maxDataPoints) } }
        if hasInterval, let range = query[.intervalMS] { add(.intervalMS) { $0.compact(range) } }
        if isHidden { add(.hide) { $0.out += "true".utf8 } }

        let lexer = JSONLexer(bytes)
        var additional: [(key: [UInt8], value: Range<Int>)] = query.additional.map { entry in
            var key: [UInt8] = []
            lexer.appendContent(of: entry.key, to: &key)
            return (key, entry.value)
        }
        additional.sort { $0.key.lexicographicallyPrecedes($1.key) }
        for (index, entry) in additional.enumerated() {
            // Sorting is stable: of equal keys the last one written is the last here, and it counts.
            if index + 1 < additional.count, additional[index + 1].key == entry.key { continue }
            members.append((entry.key, { $0.compact(entry.value) }))
        }
        if query[.timeRange] != nil { members.sort { $0.key.lexicographicallyPrecedes($1.key) } }

        var json = QueryJSON(bytes)
        for member in members {
            json.key(member.key)
            member.write(&json)
        }
        json.out.append(0x7D)
        return json.out
    }

    private mutating func key(_ key: [UInt8]) {
        if out.count > 1 { out.append(0x2C) }
        out.append(0x22)
        key.withUnsafeBufferPointer { JSONText.appendEscaped($0, to: &out, escapeHTML: false) }
        out += [0x22, 0x3A]
    }

    private mutating func string(_ text: String) { JSONText.appendQuoted(text, to: &out, escapeHTML: false) }

    private mutating func integer(_ value: Int) { out += String(value).utf8 }

    private mutating func reference(_ reference: DataSourceReference) {
        out += #"{"type":"#.utf8
        string(reference.type)
        out += #","uid":"#.utf8
        string(reference.uid)
        if !reference.apiVersion.isEmpty {
            out += #","apiVersion":"#.utf8
            string(reference.apiVersion)
        }
        out.append(0x7D)
    }

    /// Copies a validated value without the white space between its tokens; everything else stays byte by byte.
    private mutating func compact(_ range: Range<Int>) {
        var runStart = range.lowerBound
        var index = range.lowerBound
        var inString = false
        while index < range.upperBound {
            let byte = bytes[index]
            if inString {
                if byte == 0x5C { index += 1 } else if byte == 0x22 { inString = false }
            } else if byte == 0x22 {
                inString = true
            } else if byte <= 0x20 {
                out.append(contentsOf: bytes[runStart..<index])
                runStart = index + 1
            }
            index += 1
        }
        out.append(contentsOf: bytes[runStart..<range.upperBound])
    }
}
