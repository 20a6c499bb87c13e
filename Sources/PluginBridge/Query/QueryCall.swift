import DataPlaneAPI
import HTTPKit
import PluginProtocol
import RPC

/// The queries of one exchange on their way to a plugin.
struct QueryCall {
    let exchange: Exchange
    let instance: PluginInstance
    let settings: QueryBridgeSettings
    /// The refIds in the order of the request.
    let refIDs: [String]
    /// The format the frames are asked for.
    var format: DataFrameFormat
    /// What is sent; empty when it isn't needed any more.
    private var queries: [DataQuery]
    private let context: [UInt8]
    private let forwarding: HeaderForwarding

    init(
        _ exchange: Exchange, _ queries: ParsedQueries, context: [UInt8], forwarding: HeaderForwarding,
        instance: PluginInstance, settings: QueryBridgeSettings
    ) {
        self.forwarding = forwarding
        self.exchange = exchange
        self.instance = instance
        self.settings = settings
        self.context = context
        format = settings.format
        refIDs = queries.queries.map(\.refID)
        self.queries = queries.queries.map { query in
            DataQuery(
                refID: query.refID, maxDataPoints: Int64(query.maxDataPoints), intervalMS: Int64(query.intervalMS),
                fromMS: Int64(query.range.fromMS), toMS: Int64(query.range.toMS), json: query.json,
                queryType: query.queryType)
        }
    }

    /// The message; QueryData and QueryChunkedData take the same.
    func payload() throws(GatewayError) -> GRPCPayload {
        var request = QueryDataRequestEncoder(context: context)
        request.format = format
        request.headers = QueryHeaders.forwarded(exchange.request.headers, forwarding)
        request.queries = queries
        let payload = request.payload()
        guard payload.count <= settings.requestLimit else {
            throw GatewayError(
                .payloadTooLarge,
                "the queries are \(payload.count) bytes as a plugin message, limit is \(settings.requestLimit) "
                    + "(setting plugin-request-limit)")
        }
        return payload
    }

    /// Forgets what was sent: it is as large as the request's body, and an answer may take its time.
    mutating func isSent() { queries = [] }

    /// Asks for all answers at once; failures are answered.
    func unary(
        on plugins: LoopPlugins, _ budget: MemoryBudget, _ answer: @escaping (GRPCMessage) throws(GatewayError) -> Void
    ) {
        do {
            let call = UnaryCall(exchange, instance, plugins, timeout: settings.timeout, budget: budget)
            call.start(.queryData, try payload(), answer: answer)
        } catch {
            exchange.respond(error)
        }
    }
}
