import Bytes

/// Reads the body of a query request.
package enum QueryRequest {
    /// What Grafana takes where a query says nothing.
    static let defaultMaxDataPoints = 100
    static let defaultIntervalMS = 1_000

    /// Reads the queries of a body in one pass.
    ///
    /// - `pathUID`: the uid of the path; a query without a data source means that one.
    /// - `acceptedTypes`: plugin id and aliases, to have the type checked before the uid as Grafana does; nil leaves
    ///   the type to `ParsedQueries.checkType`.
    /// - `now`: epoch milliseconds; all ranges of the request read this one clock.
    ///
    /// A request without any range means the last six hours. Errors are 400 and name the JSON field.
    package static func parse(
        _ body: UnsafeRawBufferPointer, pathUID: String, acceptedTypes: [String]? = nil, now: Int,
        rules: CalendarRules = CalendarRules()
    ) throws(GatewayError) -> ParsedQueries {
        let places = try QueryBody(body)
        guard !places.hasLoneSurrogates else {
            // Repaired in a copy, where everything keeps its place: as good as never, and not worth a look at each text.
            let repaired = JSONLexer.withoutLoneSurrogates(body)
            return try repaired.withUnsafeBytes { (bytes) -> Result<ParsedQueries, GatewayError> in
                Result { () throws(GatewayError) in try read(places, bytes, pathUID, acceptedTypes, now, rules) }
            }.get()
        }
        return try read(places, body, pathUID, acceptedTypes, now, rules)
    }

    private static func read(
        _ places: QueryBody, _ body: UnsafeRawBufferPointer, _ pathUID: String, _ acceptedTypes: [String]?, _ now: Int,
        _ rules: CalendarRules
    ) throws(GatewayError) -> ParsedQueries {
        let reader = QueryFieldReader(bytes: body)
        if isElsewhere(pathUID) {
            throw GatewayError(
                .badRequest,
                "\"\(pathUID)\" in the path is one of Grafana's own; expressions and built-in data sources are not served "
                    + "here, POST them to /api/ds/query")
        }
        guard !places.queries.isEmpty else {
            let cause = StatusCause.required("queries", "send at least one query")
            throw GatewayError(.badRequest, "missing datasource reference: \(cause.line)", causes: [cause])
        }
        let clock = Clock(now: now, rules: rules)
        let common = try range(
            places.from, places.to, QueryField(nil, "from"), QueryField(nil, "to"), nil, reader, clock)
        var parsed = ParsedQueries(queries: [], dataSourceUID: pathUID)
        parsed.queries.reserveCapacity(places.queries.count)
        for index in places.queries.indices {
            parsed.queries.append(try query(index, places, common ?? .recent(now: now), reader, clock))
        }
        try checkRefIDs(parsed.queries)
        try checkSources(parsed.queries)
        if let acceptedTypes { try parsed.checkType(accepted: acceptedTypes) }
        try parsed.checkUID()
        return parsed
    }

    /// Reads the queries of a body held in an array.
    package static func parse(
        _ body: [UInt8], pathUID: String, acceptedTypes: [String]? = nil, now: Int,
        rules: CalendarRules = CalendarRules()
    ) throws(GatewayError) -> ParsedQueries {
        try body.withUnsafeBytes { (raw) -> Result<ParsedQueries, GatewayError> in
            do throws(GatewayError) {
                return .success(
                    try parse(raw, pathUID: pathUID, acceptedTypes: acceptedTypes, now: now, rules: rules))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    private struct Clock {
        let now: Int
        let rules: CalendarRules
    }

    /// A range; ends in epoch milliseconds, as dashboards send them, need no text.
    private static func range(
        _ from: Range<Int>?, _ to: Range<Int>?, _ fromField: QueryField, _ toField: QueryField, _ parent: QueryField?,
        _ reader: QueryFieldReader, _ clock: Clock
    ) throws(GatewayError) -> TimeRange? {
        if let start = reader.epoch(from), let end = reader.epoch(to) { return TimeRange(fromMS: start, toMS: end) }
        if from == nil, to == nil { return nil }
        return try TimeRange.parse(
            from: try reader.timeText(from, fromField), to: try reader.timeText(to, toField), now: clock.now,
            rules: clock.rules, path: parent?.path ?? "")
    }

    private static func query(
        _ index: Int, _ body: QueryBody, _ common: TimeRange, _ reader: QueryFieldReader, _ clock: Clock
    ) throws(GatewayError) -> ParsedQuery {
        let place = body.queries[index]
        func field(_ key: QueryKey) -> QueryField { QueryField(index, key.name) }
        var refID = try reader.string(place[.refID], field(.refID)) ?? ""
        if refID.isEmpty, body.queries.count == 1 { refID = "A" }
        let dataSource = try reader.dataSource(place[.dataSource], field(.dataSource))
        if let dataSource { try checkServedHere(dataSource, field(.dataSource)) }
        let dataSourceID = try reader.integer(place[.dataSourceID], field(.dataSourceID))
        let queryType = try reader.string(place[.queryType], field(.queryType)) ?? ""
        let points = try reader.points(place[.maxDataPoints], field(.maxDataPoints))
        let interval = try reader.milliseconds(place[.intervalMS], field(.intervalMS))
        let isHidden = try reader.bool(place[.hide], field(.hide))
        var own: TimeRange?
        if let place = place[.timeRange] {
            let ends = try reader.timeRange(place, field(.timeRange))
            own = try range(
                ends.from, ends.to, field(.timeRange).member("from"), field(.timeRange).member("to"),
                field(.timeRange), reader, clock)
        }
        let hasInterval = interval?.isPositive ?? false
        let json = QueryJSON.write(
            place, of: body,
            QueryJSON.Values(
                refID: refID, dataSource: dataSource, dataSourceID: dataSourceID, queryType: queryType,
                maxDataPoints: points, hasInterval: hasInterval, isHidden: isHidden), reader.bytes)
        return ParsedQuery(
            refID: refID, queryType: queryType,
            maxDataPoints: points.flatMap { $0 > 0 ? $0 : nil } ?? defaultMaxDataPoints,
            intervalMS: hasInterval ? interval?.value ?? defaultIntervalMS : defaultIntervalMS,
            range: own ?? common, dataSource: dataSource, isHidden: isHidden, json: json)
    }
}

extension QueryRequest {
    /// Whether this names an expression or a built-in source of Grafana.
    private static func isElsewhere(_ name: String) -> Bool {
        switch name {
        case "__expr__", "-100", "-- Mixed --", "mixed", "-- Grafana --", "grafana", "-- Dashboard --": true
        default: false
        }
    }

    /// Expressions and Grafana's built-in sources span data sources; only Grafana's own endpoint runs them.
    private static func checkServedHere(_ source: DataSourceReference, _ field: QueryField) throws(GatewayError) {
        if isElsewhere(source.type) { throw servedElsewhere(source.type, field.member("type")) }
        if isElsewhere(source.uid) { throw servedElsewhere(source.uid, field.member("uid")) }
    }

    private static func servedElsewhere(_ name: String, _ field: QueryField) -> GatewayError {
        .badField(
            .invalid(
                field.path, string: name,
                "expressions and Grafana's built-in data sources are not served here; POST them to /api/ds/query"))
    }

    /// Every answer needs a key of its own.
    private static func checkRefIDs(_ queries: [ParsedQuery]) throws(GatewayError) {
        if let only = queries.first, queries.count == 1, !only.refID.isEmpty { return }
        var seen: Set<String> = []
        seen.reserveCapacity(queries.count)
        for index in queries.indices {
            let refID = queries[index].refID
            if refID.isEmpty {
                throw .badField(.required("queries[\(index)].refId", "several queries need a refId each"))
            }
            if !seen.insert(refID).inserted {
                throw .badField(.duplicate("queries[\(index)].refId", JSONValue.string(refID).text()))
            }
        }
    }

    /// All queries of a request go to one data source; the type is compared before the uid.
    private static func checkSources(_ queries: [ParsedQuery]) throws(GatewayError) {
        if queries.count == 1 { return }
        let sources = queries.lazy.compactMap(\.dataSource)
        // A reference may leave out either.
        let type = sources.map(\.type).first { !$0.isEmpty } ?? ""
        let uid = sources.map(\.uid).first { !$0.isEmpty } ?? ""
        for (index, query) in queries.enumerated() {
            guard let source = query.dataSource else { continue }
            let (key, found, wanted, message) =
                !source.type.isEmpty && source.type != type
                ? ("type", source.type, type, "expect same datasource types")
                : ("uid", source.uid, uid, "expect same datasource UID")
            if found == wanted || found.isEmpty { continue }
            let cause = StatusCause.invalid(
                "queries[\(index)].datasource.\(key)", string: found, "the queries before it say \"\(wanted)\"")
            throw GatewayError(.badRequest, "\(message): \(cause.line)", causes: [cause])
        }
    }
}
