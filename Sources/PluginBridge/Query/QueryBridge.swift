import Bytes
import DataFrames
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginProtocol
import RPC

/// What all query calls have in common.
package struct QueryBridgeSettings: Sendable {
    /// For one call, seconds.
    package var timeout: Int
    /// The most bytes of a request to a plugin.
    package var requestLimit: Int
    /// The format frames are asked for.
    package var format: DataFrameFormat
    /// Answers larger than this leave the loop, bytes.
    package var inlineLimit = 64 * 1024

    /// Settings.
    package init(timeout: Int, requestLimit: Int, format: DataFrameFormat) {
        self.timeout = timeout
        self.requestLimit = requestLimit
        self.format = format
    }
}

/// Translates a query request to `pluginv2.Data/QueryData` and the answer back to Grafana's JSON.
package final class QueryBridge {
    private let settings: QueryBridgeSettings
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let workers: NIOThreadPool

    /// A bridge for one event loop.
    package init(
        settings: QueryBridgeSettings, plugins: LoopPlugins, budget: MemoryBudget, workers: NIOThreadPool
    ) {
        self.settings = settings
        self.plugins = plugins
        self.budget = budget
        self.workers = workers
    }

    /// Sends queries to a plugin and answers the exchange in the form that its `Accept` asks for.
    ///
    /// - Parameters:
    ///   - queries: read and checked.
    ///   - context: the encoded plugin context.
    ///   - forwarding: which credentials of the client the plugin gets.
    package func query(
        _ exchange: Exchange, _ queries: ParsedQueries, context: [UInt8],
        forwarding: HeaderForwarding = HeaderForwarding(), instance: PluginInstance
    ) {
        if let refusal = budget.refusal { return exchange.respond(refusal) }
        var request = QueryCall(
            exchange, queries, context: context, forwarding: forwarding, instance: instance, settings: settings)
        switch QueryForm(accepted: exchange.request.headers) {
        case .json:
            let refIDs = request.refIDs
            request.unary(on: plugins, budget) { [self] message in
                answer(exchange, message, refIDs, pluginID: instance.pluginID)
            }
        case .lines:
            ChunkedQueryAnswer(request, plugins: plugins, budget: budget, workers: workers).begin()
        case .arrow(let form):
            request.format = .arrow
            let answer = ArrowQueryAnswer(request, form, workers: workers)
            request.unary(on: plugins, budget) { message in answer.take(message) }
        }
    }

    private func answer(_ exchange: Exchange, _ message: GRPCMessage, _ refIDs: [String], pluginID: String) {
        let writer = QueryResponseWriter(
            asked: refIDs,
            missing: .init(
                message: "the plugin \(pluginID) gave no answer for this refId", errorSource: "plugin", status: 502),
            fillsRefID: true)
        let indents = exchange.request.prettyWish ?? false
        guard message.count > settings.inlineLimit else {
            do {
                let body = try Self.body(writer, message, indents)
                exchange.respond(200, contentType: "application/json", body: body)
            } catch {
                exchange.respond(PluginFault.unreadable(error.message, pluginID))
            }
            return
        }
        let answer = ChunkedAnswer(exchange, contentType: "application/json", budget: budget)
        workers.submit { state in
            guard case .active = state else { return answer.fail(PluginFault.stopping) }
            Self.write(writer, message, indents, to: answer, pluginID)
        }
    }

    private static func body(
        _ writer: QueryResponseWriter, _ message: GRPCMessage, _ indents: Bool
    ) throws(FrameError) -> ByteBuffer {
        var out = JSONOutput(indents: indents)
        try message.withBytes { (bytes) throws(FrameError) in try writer.write(bytes, to: &out) }
        let chunk = out.take()
        return chunk.withBytes { ByteBuffer(bytes: $0) }
    }

    private static func write(
        _ writer: QueryResponseWriter, _ message: GRPCMessage, _ indents: Bool, to answer: ChunkedAnswer,
        _ pluginID: String
    ) {
        var out = JSONOutput(indents: indents) { chunk in
            answer.send(chunk.withBytes { ByteBuffer(bytes: $0) })
        } isWanted: {
            !answer.isCancelled
        }
        do {
            try message.withBytes { (bytes) throws(FrameError) in try writer.write(bytes, to: &out) }
            answer.finish()
        } catch {
            answer.fail(PluginFault.unreadable(error.message, pluginID))
        }
    }
}
