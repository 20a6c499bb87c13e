import DataPlaneAPI
import PluginProtocol
import RPC
import SystemKit

/// What the queries of a request may be about.
package struct QuerySubject: Sendable {
    /// The data source's uid.
    package var uid: String
    /// The types that queries may name.
    package var acceptedTypes: [String]
    /// The clock that all ranges of the request read, epoch milliseconds.
    package var now: Int

    /// A subject.
    package init(uid: String, acceptedTypes: [String], now: Int = WallClock.milliseconds()) {
        self.uid = uid
        self.acceptedTypes = acceptedTypes
        self.now = now
    }

    /// Reads the queries of a body.
    ///
    /// - Throws: 400 that names the JSON field.
    func read(_ body: [UInt8]) throws(GatewayError) -> ParsedQueries {
        try QueryRequest.parse(body, pathUID: uid, acceptedTypes: acceptedTypes, now: now)
    }
}

/// The message of queries for a plugin; QueryData and QueryChunkedData take the same.
struct QueryRequestMessage: Sendable {
    /// The refIds in the order of the request.
    private(set) var refIDs: [String] = []
    private var encoder: QueryDataRequestEncoder
    private let limit: Int
    /// What another thread has written.
    private var written: WrittenPayload?

    /// A message without queries.
    ///
    /// - Parameters:
    ///   - context: the encoded plugin context.
    ///   - headers: what of the client's the plugin gets.
    ///   - format: what frames are asked for in.
    ///   - limit: the most bytes.
    init(context: ContextBytes, headers: [(name: String, value: String)], format: DataFrameFormat, limit: Int) {
        encoder = QueryDataRequestEncoder(context: context)
        encoder.headers = headers
        encoder.format = format
        self.limit = limit
    }

    /// Takes what was read of a body.
    mutating func take(_ parsed: ParsedQueries) {
        refIDs = parsed.queries.map(\.refID)
        encoder.queries = parsed.queries.map { query in
            DataQuery(
                refID: query.refID, maxDataPoints: Int64(query.maxDataPoints), intervalMS: Int64(query.intervalMS),
                fromMS: Int64(query.range.fromMS), toMS: Int64(query.range.toMS), json: query.json,
                queryType: query.queryType)
        }
    }

    /// Writes it now, for whoever takes it.
    mutating func write() throws(GatewayError) { written = WrittenPayload(try encoded()) }

    /// The bytes to send.
    mutating func payload() throws(GatewayError) -> GRPCPayload {
        if let payload = written?.take() { return payload }
        return try encoded()
    }

    /// Forgets what was sent: it is as large as the request's body, and an answer may take its time.
    mutating func isSent() { encoder.queries = [] }

    private func encoded() throws(GatewayError) -> GRPCPayload {
        let payload = encoder.payload()
        guard payload.count <= limit else {
            throw GatewayError(
                .payloadTooLarge,
                "the queries are \(payload.count) bytes as a plugin message, limit is \(limit) "
                    + "(setting plugin-request-limit)")
        }
        return payload
    }
}
