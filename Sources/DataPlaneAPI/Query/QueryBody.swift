/// The places of everything a query request holds, found in one pass over its bytes.
struct QueryBody {
    /// The places of one query's keys.
    struct Query {
        var known: [Range<Int>?] = Array(repeating: nil, count: QueryKey.allCases.count)
        var additional: [(key: JSONStringToken, value: Range<Int>)] = []

        subscript(key: QueryKey) -> Range<Int>? { known[key.rawValue] }
    }

    var from: Range<Int>?
    var to: Range<Int>?
    var queries: [Query] = []

    private var lexer: JSONLexer
    private var scanner: JSONScanner
    private var path = ""

    /// Scans a body.
    ///
    /// Text after the JSON value is ignored, as in Grafana; of equal keys the last counts.
    init(_ bytes: UnsafeRawBufferPointer) throws(GatewayError) {
        scanner = JSONScanner(bytes)
        lexer = scanner.lexer
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

    private mutating func readRequest() throws(JSONFault) {
        guard try open(closing: 0x7D) else { return }
        repeat {
            let key = try scanner.key()
            if lexer.content(of: key, equals: "queries") {
                path = "queries"
                queries = []
                if try scanner.lexer.require() == 0x6E {
                    try scanner.lexer.literal("null")
                } else {
                    try readQueries()
                }
                path = ""
            } else if lexer.content(of: key, equals: "from") {
                path = "from"
                from = try scanner.skip(maxDepth: scanner.maxDepth)
            } else if lexer.content(of: key, equals: "to") {
                path = "to"
                to = try scanner.skip(maxDepth: scanner.maxDepth)
            } else {
                _ = try scanner.skip(maxDepth: scanner.maxDepth)
            }
            path = ""
        } while try more(closing: 0x7D)
    }

    private mutating func readQueries() throws(JSONFault) {
        guard try scanner.lexer.require() == 0x5B else { throw JSONFault(.unexpectedByte, scanner.lexer.position) }
        guard try open(closing: 0x5D) else { return }
        repeat {
            path = "queries[\(queries.count)]"
            guard try scanner.lexer.require() == 0x7B else { throw JSONFault(.unexpectedByte, scanner.lexer.position) }
            queries.append(try readQuery())
        } while try more(closing: 0x5D)
    }

    private mutating func readQuery() throws(JSONFault) -> Query {
        var query = Query()
        guard try open(closing: 0x7D) else { return query }
        repeat {
            let key = try scanner.key()
            let value = try scanner.skip(maxDepth: scanner.maxDepth)
            if let known = QueryKey.allCases.first(where: { lexer.content(of: key, equals: $0.name) }) {
                // null means "not given" for every known key.
                query.known[known.rawValue] = scanner.lexer.bytes[value.lowerBound] == 0x6E ? nil : value
            } else {
                query.additional.append((key, value))
            }
        } while try more(closing: 0x7D)
        return query
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

/// The keys of a query that the gateway knows, in the order in which Grafana writes them.
enum QueryKey: Int, CaseIterable {
    case refID, resultAssertions, timeRange, dataSource, dataSourceID, queryType, maxDataPoints, intervalMS, hide

    /// The key in JSON.
    var name: StaticString {
        switch self {
        case .refID: "refId"
        case .resultAssertions: "resultAssertions"
        case .timeRange: "timeRange"
        case .dataSource: "datasource"
        case .dataSourceID: "datasourceId"
        case .queryType: "queryType"
        case .maxDataPoints: "maxDataPoints"
        case .intervalMS: "intervalMs"
        case .hide: "hide"
        }
    }
}
