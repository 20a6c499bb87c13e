import Bytes

/// The keys of a query that the gateway knows, in the order in which Grafana writes them.
enum QueryKey: Int {
    case refID, resultAssertions, dataSource, dataSourceID, queryType, maxDataPoints, intervalMS, hide, timeRange

    /// The number of keys.
    static let count = 9

    /// The keys that are sent, in the order of their bytes.
    static let sorted: [QueryKey] = [
        .dataSource, .dataSourceID, .hide, .intervalMS, .maxDataPoints, .queryType, .refID, .resultAssertions,
    ]

    /// The keys that are sent, in Grafana's own order.
    static let written: [QueryKey] = [
        .refID, .resultAssertions, .dataSource, .dataSourceID, .queryType, .maxDataPoints, .intervalMS, .hide,
    ]

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

    /// The key that a token means; nil for all others.
    ///
    /// The length leaves at most two to compare.
    @inline(__always)
    init?(_ token: JSONStringToken, _ lexer: JSONLexer) {
        if token.hasEscapes {
            guard let key = Self.sorted.first(where: { lexer.content(of: token, equals: $0.name) }) else {
                guard lexer.content(of: token, equals: Self.timeRange.name) else { return nil }
                self = .timeRange
                return
            }
            self = key
            return
        }
        let first: QueryKey
        var second: QueryKey?
        switch token.range.count {
        case 4: first = .hide
        case 5: first = .refID
        case 9: (first, second) = (.queryType, .timeRange)
        case 10: (first, second) = (.dataSource, .intervalMS)
        case 12: first = .dataSourceID
        case 13: first = .maxDataPoints
        case 16: first = .resultAssertions
        default: return nil
        }
        if lexer.content(of: token, equals: first.name) {
            self = first
        } else if let second, lexer.content(of: token, equals: second.name) {
            self = second
        } else {
            return nil
        }
    }
}

/// The name of a field in errors; only put together when there is one.
struct QueryField {
    /// The index of the query; nil for a field of the request.
    var query: Int?
    /// The key.
    var key: StaticString
    /// The key inside of it.
    var member: StaticString?

    init(_ query: Int?, _ key: StaticString, _ member: StaticString? = nil) {
        self.query = query
        self.key = key
        self.member = member
    }

    /// The field below this one.
    func member(_ name: StaticString) -> QueryField { QueryField(query, key, name) }

    /// Its path, such as `queries[0].datasource.uid`.
    var path: String {
        let below = member.map { ".\($0)" } ?? ""
        return query.map { "queries[\($0)].\(key)\(below)" } ?? "\(key)\(below)"
    }
}
