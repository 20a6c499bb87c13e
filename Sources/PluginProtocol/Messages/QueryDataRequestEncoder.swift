import RPC

/// How a plugin writes frames.
public enum DataFrameFormat: Int32, Sendable {
    /// A complete Arrow IPC file per frame.
    case arrow = 0
    /// One JSON text per frame.
    case json = 1
}

/// One query as it goes to a plugin.
public struct DataQuery: Sendable, Equatable {
    /// The name of the query within its request.
    public var refID: String
    /// How many points the asker can show.
    public var maxDataPoints: Int64
    /// The suggested step.
    public var intervalMS: Int64
    /// The start of the time range, in milliseconds since 1970.
    public var fromMS: Int64
    /// The end of the time range, in milliseconds since 1970.
    public var toMS: Int64
    /// The whole query object as the client sent it.
    public var json: [UInt8]
    /// The plugin's own kind of query.
    public var queryType: String

    /// A query.
    public init(
        refID: String, maxDataPoints: Int64, intervalMS: Int64, fromMS: Int64, toMS: Int64, json: [UInt8],
        queryType: String = ""
    ) {
        self.refID = refID
        self.maxDataPoints = maxDataPoints
        self.intervalMS = intervalMS
        self.fromMS = fromMS
        self.toMS = toMS
        self.json = json
        self.queryType = queryType
    }
}

/// Writes QueryDataRequest and QueryChunkedDataRequest, which have the same fields.
package struct QueryDataRequestEncoder: Sendable {
    /// The context as `PluginContext.encoded()` gave it: packed once per data source, not per request.
    package var context: ContextBytes
    /// The headers in the order they are sent; `http_<Name>` for forwarded HTTP headers.
    package var headers: [(name: String, value: String)] = []
    /// The queries.
    package var queries: [DataQuery] = []
    /// How the frames should come back; old plugins answer Arrow whatever is asked.
    package var format: DataFrameFormat = .arrow

    /// A request without queries.
    package init(context: ContextBytes) {
        self.context = context
    }

    /// The request in one buffer of exact size.
    package func payload() -> GRPCPayload {
        WireWriter.payload { writer in
            writer.raw(1, context)
            for header in headers {
                writer.message(2) { entry in
                    entry.string(1, header.name)
                    entry.string(2, header.value)
                }
            }
            for query in queries {
                writer.message(3) { Self.write(query, to: &$0) }
            }
            writer.int(4, Int64(format.rawValue))
        }
    }

    private static func write(_ query: DataQuery, to writer: inout WireWriter) {
        writer.string(1, query.refID)
        writer.int(2, query.maxDataPoints)
        writer.int(3, query.intervalMS)
        // Always there: plugins read it without a check.
        writer.message(4) { range in
            range.int(1, query.fromMS)
            range.int(2, query.toMS)
        }
        writer.bytes(5, query.json)
        writer.string(6, query.queryType)
    }
}
