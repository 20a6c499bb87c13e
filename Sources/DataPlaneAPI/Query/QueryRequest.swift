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
        let reader = QueryFieldReader(bytes: body)
        guard !places.queries.isEmpty else {
            let cause = StatusCause.required("queries", "send at least one query")
            throw GatewayError(.badRequest, "missing datasource reference: \(cause.line)", causes: [cause])
        }
        let common = try TimeRange.parse(
            from: try reader.timeText(places.from, "from"), to: try reader.timeText(places.to, "to"), now: now,
            rules: rules)
        var parsed = ParsedQueries(queries: [], dataSourceUID: pathUID)
        parsed.queries.reserveCapacity(places.queries.count)
        for (index, place) in places.queries.enumerated() {
            let context = Context(
                body: body, reader: reader, field: "queries[\(index)]", isOnly: places.queries.count == 1,
                common: common ?? .recent(now: now), now: now, rules: rules)
            parsed.queries.append(try query(place, context))
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

    private struct Context {
        var body: UnsafeRawBufferPointer
        var reader: QueryFieldReader
        var field: String
        var isOnly: Bool
        var common: TimeRange
        var now: Int
        var rules: CalendarRules
    }

    private static func query(_ place: QueryBody.Query, _ context: Context) throws(GatewayError) -> ParsedQuery {
        let (reader, field) = (context.reader, context.field)
        var refID = try reader.string(place[.refID], "\(field).refId") ?? ""
        if refID.isEmpty, context.isOnly { refID = "A" }
        let dataSource = try reader.dataSource(place[.dataSource], "\(field).datasource")
        if let dataSource { try checkServedHere(dataSource, field) }
        let dataSourceID = try reader.integer(place[.dataSourceID], "\(field).datasourceId", orText: false)
        let queryType = try reader.string(place[.queryType], "\(field).queryType") ?? ""
        let points = try reader.integer(place[.maxDataPoints], "\(field).maxDataPoints", orText: true)
        let interval = try reader.milliseconds(place[.intervalMS], "\(field).intervalMs")
        let isHidden = try reader.bool(place[.hide], "\(field).hide")
        var range: TimeRange?
        if let own = place[.timeRange] {
            let texts = try reader.timeRange(own, "\(field).timeRange")
            range = try TimeRange.parse(
                from: texts.from, to: texts.to, now: context.now, rules: context.rules, path: "\(field).timeRange")
        }
        let hasInterval = interval?.isPositive ?? false
        let json = QueryJSON.write(
            place, refID: refID, dataSource: dataSource, maxDataPoints: points, hasInterval: hasInterval,
            dataSourceID: dataSourceID, queryType: queryType, isHidden: isHidden, from: context.body)
        return ParsedQuery(
            refID: refID, queryType: queryType,
            maxDataPoints: points.flatMap { $0 > 0 ? $0 : nil } ?? defaultMaxDataPoints,
            intervalMS: hasInterval ? interval?.value ?? defaultIntervalMS : defaultIntervalMS,
            range: range ?? context.common, dataSource: dataSource, isHidden: isHidden, json: json)
    }
}

extension QueryRequest {
    private static let elsewhere: Set<String> = [
        "__expr__", "-100", "-- Mixed --", "mixed", "-- Grafana --", "grafana", "-- Dashboard --",
    ]

    /// Expressions and Grafana's built-in sources span data sources; only Grafana's own endpoint runs them.
    private static func checkServedHere(_ source: DataSourceReference, _ field: String) throws(GatewayError) {
        for (key, value) in [("type", source.type), ("uid", source.uid)] where elsewhere.contains(value) {
            throw .badField(
                .invalid(
                    "\(field).datasource.\(key)", string: value,
                    "expressions and Grafana's built-in data sources are not served here; POST them to /api/ds/query"))
        }
    }

    /// Every answer needs a key of its own.
    private static func checkRefIDs(_ queries: [ParsedQuery]) throws(GatewayError) {
        var seen: Set<String> = []
        for (index, query) in queries.enumerated() {
            let field = "queries[\(index)].refId"
            if query.refID.isEmpty { throw .badField(.required(field, "several queries need a refId each")) }
            if !seen.insert(query.refID).inserted {
                throw .badField(.duplicate(field, JSONValue.string(query.refID).text()))
            }
        }
    }

    /// All queries of a request go to one data source; the type is compared before the uid.
    private static func checkSources(_ queries: [ParsedQuery]) throws(GatewayError) {
        guard let first = queries.lazy.compactMap(\.dataSource).first else { return }
        for (index, query) in queries.enumerated() {
            guard let source = query.dataSource else { continue }
            let (key, found, wanted, message) =
                source.type != first.type
                ? ("type", source.type, first.type, "expect same datasource types")
                : ("uid", source.uid, first.uid, "expect same datasource UID")
            if found == wanted { continue }
            let cause = StatusCause.invalid(
                "queries[\(index)].datasource.\(key)", string: found, "the queries before it say \"\(wanted)\"")
            throw GatewayError(.badRequest, "\(message): \(cause.line)", causes: [cause])
        }
    }
}
