import Bytes

#if canImport(Glibc)
import Glibc
#endif

/// The places of everything a query request holds, found in one pass over its bytes.
struct QueryBody {
    /// The places of one query's keys.
    struct Query {
        /// Those the gateway knows; an empty place means "not given".
        var known = InlineArray<9, Range<Int>>(repeating: 0..<0)
        /// Its place among all additional keys.
        var additional = 0..<0
        /// The bytes from its first key to its end.
        var size = 0

        @inline(__always)
        subscript(key: QueryKey) -> Range<Int>? {
            let place = known[key.rawValue]
            return place.isEmpty ? nil : place
        }
    }

    /// A key that the gateway passes on.
    struct Additional {
        let key: JSONStringToken
        let value: Range<Int>
    }

    var from: Range<Int>?
    var to: Range<Int>?
    var queries: [Query] = []
    /// The additional keys of all queries, those of each sorted by their bytes.
    var additional: [Additional] = []

    /// Whether a text has an escape of half a character.
    var hasLoneSurrogates: Bool { scanner.lexer.sawLoneSurrogate }

    private enum Place {
        case top, from, to, queries
        case query(Int)
    }

    private var scanner: JSONScanner
    private var place = Place.top

    /// Scans a body.
    ///
    /// Text after the JSON value is ignored, as in Grafana; of equal keys the last counts.
    init(_ bytes: UnsafeRawBufferPointer) throws(GatewayError) {
        scanner = JSONScanner(bytes)
        do throws(JSONFault) {
            guard let first = scanner.lexer.peek() else { throw JSONFault(.empty, bytes.count) }
            guard first == 0x7B else { throw JSONFault(.unexpectedByte, scanner.lexer.position) }
            try readRequest()
        } catch {
            var failure = scanner.failure(error, path).badRequest
            if error.problem == .empty {
                failure.message = "the request body is empty (EOF); send a JSON object with \"queries\""
            }
            throw failure
        }
    }

    private var path: String {
        switch place {
        case .top: ""
        case .from: "from"
        case .to: "to"
        case .queries: "queries"
        case .query(let index): "queries[\(index)]"
        }
    }

    private mutating func readRequest() throws(JSONFault) {
        guard try open(closing: 0x7D) else { return }
        repeat {
            let key = try scanner.key()
            if scanner.lexer.content(of: key, equals: "queries") {
                place = .queries
                queries = []
                additional = []
                if try scanner.lexer.require() == 0x6E {
                    try scanner.lexer.literal("null")
                } else {
                    try readQueries()
                }
            } else if scanner.lexer.content(of: key, equals: "from") {
                place = .from
                from = try scanner.skip(maxDepth: scanner.maxDepth)
            } else if scanner.lexer.content(of: key, equals: "to") {
                place = .to
                to = try scanner.skip(maxDepth: scanner.maxDepth)
            } else {
                _ = try scanner.skip(maxDepth: scanner.maxDepth)
            }
            place = .top
        } while try more(closing: 0x7D)
    }

    private mutating func readQueries() throws(JSONFault) {
        guard try scanner.lexer.require() == 0x5B else { throw JSONFault(.unexpectedByte, scanner.lexer.position) }
        guard try open(closing: 0x5D) else { return }
        additional.reserveCapacity(16)
        repeat {
            place = .query(queries.count)
            guard try scanner.lexer.require() == 0x7B else { throw JSONFault(.unexpectedByte, scanner.lexer.position) }
            queries.append(try readQuery())
        } while try more(closing: 0x5D)
    }

    private mutating func readQuery() throws(JSONFault) -> Query {
        var query = Query()
        let start = scanner.lexer.position
        let first = additional.count
        guard try open(closing: 0x7D) else { return query }
        repeat {
            let key = try scanner.key()
            let value = try scanner.skip(maxDepth: scanner.maxDepth)
            if let known = QueryKey(key, scanner.lexer) {
                // null means "not given" for every known key.
                let isNull = scanner.lexer.bytes[value.lowerBound] == 0x6E
                query.known[known.rawValue] = isNull ? 0..<0 : value
            } else {
                additional.append(Additional(key: key, value: value))
            }
        } while try more(closing: 0x7D)
        query.additional = first..<additional.count
        query.size = scanner.lexer.position - start
        sortAdditional(from: first)
        return query
    }

    /// Sorts the last query's keys by their bytes; of equal keys the last one written stays last.
    private mutating func sortAdditional(from first: Int) {
        let lexer = scanner.lexer
        guard additional.count - first <= 24 else {
            let sorted = additional[first...].sorted { lexer.key($0.key, precedes: $1.key) }
            additional.replaceSubrange(first..., with: sorted)
            return
        }
        // In place: a query has a handful of keys.
        for index in (first + 1)..<max(additional.count, first + 1) {
            let moved = additional[index]
            var free = index
            while free > first, lexer.key(moved.key, precedes: additional[free - 1].key) {
                additional[free] = additional[free - 1]
                free -= 1
            }
            if free != index { additional[free] = moved }
        }
    }

    /// Consumes the opening byte; false if the container is empty, which is consumed then.
    private mutating func open(closing: UInt8) throws(JSONFault) -> Bool {
        scanner.lexer.position += 1
        guard try scanner.lexer.require() == closing else { return true }
        scanner.lexer.position += 1
        return false
    }

    private mutating func more(closing: UInt8) throws(JSONFault) -> Bool {
        let byte = try scanner.lexer.require()
        guard byte == 0x2C || byte == closing else { throw JSONFault(.unexpectedByte, scanner.lexer.position) }
        scanner.lexer.position += 1
        return byte == 0x2C
    }
}

extension JSONLexer {
    /// Whether a key's content comes before another's by its bytes.
    func key(_ left: JSONStringToken, precedes right: JSONStringToken) -> Bool {
        compare(left, right) < 0
    }

    /// Whether two keys have the same content.
    func isSame(_ left: JSONStringToken, _ right: JSONStringToken) -> Bool { compare(left, right) == 0 }

    private func compare(_ left: JSONStringToken, _ right: JSONStringToken) -> Int {
        guard !left.hasEscapes, !right.hasEscapes, let base = bytes.baseAddress else {
            var contents: (left: [UInt8], right: [UInt8]) = ([], [])
            appendContent(of: left, to: &contents.left)
            appendContent(of: right, to: &contents.right)
            if contents.left == contents.right { return 0 }
            return contents.left.lexicographicallyPrecedes(contents.right) ? -1 : 1
        }
        let common = memcmp(
            base + left.range.lowerBound, base + right.range.lowerBound, min(left.range.count, right.range.count))
        return common == 0 ? left.range.count - right.range.count : Int(common)
    }
}
