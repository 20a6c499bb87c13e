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
    private let side: SideWork

    /// A bridge for one event loop.
    ///
    /// - Parameters:
    ///   - workers: write large answers, and wait for their clients.
    ///   - side: reads large bodies.
    package init(
        settings: QueryBridgeSettings, plugins: LoopPlugins, budget: MemoryBudget, workers: NIOThreadPool,
        side: SideWork
    ) {
        self.settings = settings
        self.plugins = plugins
        self.budget = budget
        self.workers = workers
        self.side = side
    }

    /// Sends the queries of a body to a plugin and answers the exchange in the form that its `Accept` asks for.
    ///
    /// - Parameters:
    ///   - subject: what the queries may be about.
    ///   - context: the encoded plugin context.
    ///   - forwarding: which credentials of the client the plugin gets.
    package func query(
        _ exchange: Exchange, _ body: [UInt8], _ subject: QuerySubject, context: ContextBytes,
        forwarding: HeaderForwarding = HeaderForwarding(), instance: PluginInstance
    ) {
        let form = QueryForm(accepted: exchange.request.headers)
        let request = QueryRequestMessage(
            context: context, headers: QueryHeaders.forwarded(exchange.request.headers, forwarding),
            format: form.frames(settings.format), limit: settings.requestLimit)
        let isLarge = body.count > SideWork.inlineLimit
        exchange.work(on: body.count, "the body with the queries", by: side) { () throws(GatewayError) in
            var request = request
            request.take(try subject.read(body))
            if isLarge { try request.write() }
            return request
        } _: { [self] result in
            switch result {
            case .success(let request): ask(exchange, request, form, instance)
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    private func ask(
        _ exchange: Exchange, _ message: QueryRequestMessage, _ form: QueryForm, _ instance: PluginInstance
    ) {
        if let refusal = budget.refusal { return exchange.respond(refusal) }
        let request = QueryCall(exchange, message, instance: instance, settings: settings)
        switch form {
        case .json:
            let refIDs = request.refIDs
            request.unary(on: plugins, budget) { [self] message in
                answer(exchange, message, refIDs, pluginID: instance.pluginID)
            }
        case .lines:
            ChunkedQueryAnswer(request, plugins: plugins, budget: budget, workers: workers).begin()
        case .arrow(let form):
            let answer = ArrowQueryAnswer(request, form, side: side)
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
        guard message.count > SideWork.inlineLimit else {
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
        return ByteBuffer(taking: out.take())
    }

    private static func write(
        _ writer: QueryResponseWriter, _ message: GRPCMessage, _ indents: Bool, to answer: ChunkedAnswer,
        _ pluginID: String
    ) {
        var out = JSONOutput(indents: indents) { chunk in
            answer.send(ByteBuffer(taking: chunk))
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
