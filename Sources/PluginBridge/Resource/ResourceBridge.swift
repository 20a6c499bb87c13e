import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// What all resource calls have in common.
package struct ResourceBridgeSettings: Sendable {
    /// Until the first message of an answer, seconds (setting plugin-call-timeout).
    package var timeout: Int
    /// Between two messages of an answer whose client keeps up, seconds; nil for no limit: an answer may be a stream of
    /// events that are rare (setting plugin-stream-idle-timeout).
    package var idleTimeout: Int?
    /// The most bytes of a request to a plugin (setting plugin-request-limit).
    package var requestLimit: Int
    /// Where that is set, for messages.
    package var requestSetting: String
    /// The most bytes of an answer's body; nil for no limit (setting plugin-response-limit).
    package var responseLimit: Int?
    /// So long a small first message waits for its answer's end, to leave in one write and with its length.
    ///
    /// Longer means fewer chunked answers from slow plugins, and a later first byte of those that stream.
    package var patience = TimeAmount.milliseconds(1)

    /// Settings.
    package init(
        timeout: Int, requestLimit: Int, idleTimeout: Int? = nil, responseLimit: Int? = nil,
        requestSetting: String = "plugin-request-limit"
    ) {
        self.requestSetting = requestSetting
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.requestLimit = requestLimit
        self.responseLimit = responseLimit
    }
}

/// One call of a resource of a plugin.
package struct ResourceTarget: Sendable {
    /// The encoded plugin context.
    package var context: ContextBytes
    /// What of the path is the plugin's.
    package var path: ResourcePath
    /// Which credentials of the client the plugin gets.
    package var forwarding: HeaderForwarding

    /// A call.
    package init(context: ContextBytes, path: ResourcePath, forwarding: HeaderForwarding = HeaderForwarding()) {
        self.context = context
        self.path = path
        self.forwarding = forwarding
    }
}

/// Translates an HTTP request to `pluginv2.Resource/CallResource` and the messages of the answer back to HTTP.
///
/// The request's body is gathered, the answer's body leaves message by message as the plugin sends it. The next message
/// is asked for when the client has taken the one before.
package final class ResourceBridge {
    private let settings: ResourceBridgeSettings
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let side: SideWork

    /// A bridge for one event loop.
    ///
    /// - Parameter side: writes large bodies into their messages.
    package init(settings: ResourceBridgeSettings, plugins: LoopPlugins, budget: MemoryBudget, side: SideWork) {
        self.settings = settings
        self.plugins = plugins
        self.budget = budget
        self.side = side
    }

    /// Sends the request to a plugin and answers the exchange; every method is the plugin's to judge.
    package func call(_ exchange: Exchange, _ target: ResourceTarget, instance: PluginInstance) {
        if let refusal = budget.refusal { return exchange.respond(refusal) }
        exchange.collectBody(limit: settings.requestLimit, setting: settings.requestSetting) { [self] result in
            switch result {
            case .success(let body): send(exchange, target, body, instance)
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    /// One request for a plugin, without what it is sent as.
    private struct Request: Sendable {
        let target: ResourceTarget
        let method: String
        let url: [UInt8]
        let headers: [PluginHeader]

        func payload(_ body: [UInt8]) -> GRPCPayload {
            PluginRequest.callResource(
                context: target.context, path: target.path.path, method: method, url: url, headers: headers,
                body: body)
        }
    }

    private func send(
        _ exchange: Exchange, _ target: ResourceTarget, _ body: [UInt8], _ instance: PluginInstance
    ) {
        let request = Request(
            target: target, method: exchange.request.methodText,
            url: exchange.request.withQuery { target.path.url(query: $0) },
            headers: ResourceRequestHeaders.forwarded(exchange, target.forwarding))
        guard body.count > SideWork.inlineLimit else { return send(exchange, request.payload(body), instance) }
        exchange.work(on: body.count, "the body for the plugin", by: side) { () throws(GatewayError) in
            WrittenPayload(request.payload(body))
        } _: { [self] result in
            switch result {
            case .success(let written):
                if let payload = written.take() { send(exchange, payload, instance) }
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    private func send(_ exchange: Exchange, _ payload: consuming GRPCPayload, _ instance: PluginInstance) {
        guard payload.count <= settings.requestLimit else {
            return exchange.respond(
                GatewayError(
                    .payloadTooLarge,
                    "the request is \(payload.count) bytes as a plugin message, limit is \(settings.requestLimit) "
                        + "(setting \(settings.requestSetting))"))
        }
        let answer = ResourceAnswer(exchange, instance, settings, budget)
        do {
            let call = try instance.channel.serverStreaming(.callResource, payload, on: plugins.completions) {
                answer.take($0)
            }
            answer.begin(call)
        } catch {
            exchange.respond(PluginFault.error(error, of: .callResource, instance: instance, timeout: settings.timeout))
        }
    }
}
