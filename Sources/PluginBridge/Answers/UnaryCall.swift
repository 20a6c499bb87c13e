import DataPlaneAPI
import HTTPKit
import PluginProtocol

/// A call with one answer on behalf of an exchange: cancelled with the client, failures answered.
///
/// Bound to the exchange's loop.
struct UnaryCall {
    private let exchange: Exchange
    private let instance: PluginInstance
    private let plugins: LoopPlugins
    private let timeout: Int
    private let timeoutSetting: String

    /// A call.
    ///
    /// - Parameters:
    ///   - timeout: seconds.
    ///   - timeoutSetting: what the timeout comes from, for messages.
    init(
        _ exchange: Exchange, _ instance: PluginInstance, _ plugins: LoopPlugins, timeout: Int,
        timeoutSetting: String = PluginFault.callTimeout
    ) {
        self.exchange = exchange
        self.instance = instance
        self.plugins = plugins
        self.timeout = timeout
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
                exchange.onAbort = nil
                guard !exchange.isOver else { return }
                do throws(GatewayError) {
                    switch result {
                    case .success(let message): try answer(message)
                    case .failure(let error): throw fault(error, method)
                    }
                } catch {
                    exchange.respond(error)
                }
            }
            exchange.onAbort = { call.cancel() }
        } catch {
            exchange.respond(fault(error, method))
        }
    }

    private func fault(_ error: GRPCError, _ method: PluginMethod) -> GatewayError {
        PluginFault.error(error, of: method, instance: instance, timeout: timeout, timeoutSetting: timeoutSetting)
    }
}
