import DataPlaneAPI
import HTTPKit
import PluginProtocol
import RPC

/// The queries of one exchange on their way to a plugin.
struct QueryCall {
    let exchange: Exchange
    let instance: PluginInstance
    let settings: QueryBridgeSettings
    private var message: QueryRequestMessage

    init(
        _ exchange: Exchange, _ message: QueryRequestMessage, instance: PluginInstance, settings: QueryBridgeSettings
    ) {
        self.exchange = exchange
        self.message = message
        self.instance = instance
        self.settings = settings
    }

    /// The refIds in the order of the request.
    var refIDs: [String] { message.refIDs }

    /// The message; QueryData and QueryChunkedData take the same.
    mutating func payload() throws(GatewayError) -> GRPCPayload { try message.payload() }

    /// Forgets what was sent.
    mutating func isSent() { message.isSent() }

    /// Asks for all answers at once; failures are answered.
    func unary(
        on plugins: LoopPlugins, _ budget: MemoryBudget, _ answer: @escaping (GRPCMessage) throws(GatewayError) -> Void
    ) {
        var message = message
        do {
            let call = UnaryCall(exchange, instance, plugins, timeout: settings.timeout, budget: budget)
            call.start(.queryData, try message.payload(), answer: answer)
        } catch {
            exchange.respond(error)
        }
    }
}
