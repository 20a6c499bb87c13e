import DataPlaneAPI
import HTTPKit
import PluginProtocol
import RPC

/// A call with one answer on behalf of an exchange: cancelled with the client, failures answered, the answer charged to
/// the memory budget.
///
/// Bound to the exchange's loop.
struct UnaryCall {
    private let exchange: Exchange
    private let instance: PluginInstance
    private let plugins: LoopPlugins
    private let timeout: Int
    private let budget: MemoryBudget
    private let timeoutSetting: String

    /// A call.
    ///
    /// - Parameters:
    ///   - timeout: seconds.
    ///   - budget: what the answer is charged to.
    ///   - timeoutSetting: what the timeout comes from, for messages.
    init(
        _ exchange: Exchange, _ instance: PluginInstance, _ plugins: LoopPlugins, timeout: Int, budget: MemoryBudget,
        timeoutSetting: String = PluginFault.callTimeout
    ) {
        self.exchange = exchange
        self.instance = instance
        self.plugins = plugins
        self.timeout = timeout
        self.budget = budget
        self.timeoutSetting = timeoutSetting
    }

    /// Makes the call.
    ///
    /// - Parameter answer: answers the exchange with the message; what it throws is answered instead.
    func start(
        _ method: PluginMethod, _ request: consuming GRPCPayload,
        answer: @escaping (GRPCMessage) throws(GatewayError) -> Void
    ) {
        do {
            let call = try instance.channel.unary(
                method, request, options: GRPCCallOptions(deadline: .after(.seconds(timeout))), on: plugins.completions
            ) { [self] result in
                exchange.letGo()
                guard !exchange.isOver else { return }
                do throws(GatewayError) {
                    switch result {
                    case .success(let message): try take(message, answer)
                    case .failure(let error): throw fault(error, method)
                    }
                } catch {
                    exchange.respond(error)
                }
            }
            exchange.take(call)
        } catch {
            exchange.respond(fault(error, method))
        }
    }

    private func take(
        _ message: GRPCMessage, _ answer: (GRPCMessage) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        let charge = try budget.admit(message.count)
        // What is made of a large message may wait for the client.
        if message.count > PacedBody.pieceSize { exchange.keep(charge) }
        try answer(message)
        withExtendedLifetime(charge) {}
    }

    private func fault(_ error: GRPCError, _ method: PluginMethod) -> GatewayError {
        PluginFault.error(error, of: method, instance: instance, timeout: timeout, timeoutSetting: timeoutSetting)
    }
}

extension GRPCCall: ExchangeOwner {
    /// The plugin shall not work for a client that is gone.
    package func exchangeAborted() { cancel() }
}
