import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

extension StreamBridge {
    /// Lets a client listen: asks the plugin whether it may, then answers with the stream until one side ends it.
    ///
    /// The format follows `Upgrade` and `Accept`. Refusals come before the first byte: 405, 406, 400, 403 for a foreign
    /// page, 404 and 403 as SubscribeStream says, 501 when the plugin has no streams, 503 while it is down.
    ///
    /// - Parameter isTLS: whether the client speaks TLS to the gateway.
    package func listen(_ exchange: Exchange, _ target: StreamTarget, isTLS: Bool = false) {
        do throws(GatewayError) {
            guard exchange.request.method == .get else {
                throw .methodNotAllowed(exchange.request.methodText, allow: ["GET"])
            }
            let format = try StreamFormat.asked(by: exchange.request)
            guard settings.origins.allows(exchange.request, isTLS: isTLS) else {
                throw Self.foreignPage
            }
            let handshake = format == .webSocket ? try WebSocketHandshake(exchange.request) : nil
            try Self.check(target.key.data)
            guard listenerCount < settings.listenerLimit else {
                throw GatewayError(
                    .serviceUnavailable,
                    "\(listenerCount) clients listen already, the limit is \(settings.listenerLimit) "
                        + "(setting stream-listeners-limit)", source: .gateway, retryAfterSeconds: 5)
            }
            try subscribe(exchange, target, format, handshake)
        } catch {
            exchange.refuseWebSocket(error)
        }
    }

    private func subscribe(
        _ exchange: Exchange, _ target: StreamTarget, _ format: StreamFormat, _ handshake: WebSocketHandshake?
    ) throws(GatewayError) {
        guard let hub else { throw Self.stopping }
        let instance = try ready(target.key.pluginID)
        let listener = StreamListener(exchange, format, bridge: self, home: hub.home(of: target.key))
        do throws(GatewayError) {
            let call = try ask(target, instance) { [self] verdict in
                exchange.letGo()
                guard !exchange.isOver else { return }
                switch verdict {
                case .success(let initial):
                    join(listener, target) { result in listener.joined(result, target, initial, handshake) }
                case .failure(let error):
                    listener.abandon()
                    exchange.respond(error)
                }
            }
            exchange.take(
                AbandonedWork {
                    listener.abandon()
                    call.cancel()
                })
        } catch {
            listener.abandon()
            throw error
        }
    }

    /// Asks the plugin whether a client may listen.
    private func ask(
        _ target: StreamTarget, _ instance: PluginInstance,
        _ done: @escaping (Result<StreamPacket?, GatewayError>) -> Void
    ) throws(GatewayError) -> GRPCCall {
        do throws(GRPCError) {
            return try instance.channel.unary(
                .subscribeStream,
                PluginRequest.stream(
                    context: target.context, path: target.key.path, data: target.key.data, headers: target.headers),
                options: GRPCCallOptions(deadline: .after(.seconds(settings.callTimeout))), on: plugins.completions
            ) { [self] result in
                read(result, of: .subscribeStream, target.key, instance, done)
            }
        } catch {
            throw PluginFault.error(error, pluginID: target.key.pluginID, timeout: settings.callTimeout)
        }
    }

    /// Refuses what is no JSON.
    private static func check(_ data: [UInt8]) throws(GatewayError) {
        guard !data.isEmpty else { return }
        do throws(JSONError) { try StreamPacket.check(data) } catch {
            throw GatewayError(.badRequest, "the data of the subscription is not valid JSON: \(error)")
        }
    }

    /// Joins a listener to its stream; `done` is called on this loop before anything that the stream delivers.
    private func join(
        _ listener: StreamListener, _ target: StreamTarget,
        _ done: @escaping (Result<StreamWelcome, GatewayError>) -> Void
    ) {
        guard let hub else { return done(.failure(Self.stopping)) }
        let home = hub.home(of: target.key)
        let (format, place) = (listener.format, index)
        let lastEventID = listener.exchange.request.lastEventID
        let joined = NIOLoopBound(done, eventLoop: loop)
        let (key, context) = (target.key, target.context)
        hub.run(on: home) { bridge in
            let result = bridge.join(
                key, context: context, loop: place, format: format, lastEventID: lastEventID)
            bridge.run(on: place) { _ in joined.value(result) }
        }
    }

    /// A WebSocket client's first message may say what it listens for: `{"type":"subscribe","data":…}`.
    ///
    /// - Returns: whether it was that.
    func subscribe(_ listener: StreamListener, _ target: StreamTarget, _ message: ByteBuffer) -> Bool {
        guard let wish = StreamWish(message) else { return false }
        var wanted = target
        wanted.key = target.key.with(data: wish.data)
        listener.pause()
        do throws(GatewayError) {
            let call = try ask(wanted, try ready(wanted.key.pluginID)) { [self] verdict in
                guard listener.isAsking else { return }
                switch verdict {
                case .success(let initial):
                    listener.leaveFeed()
                    join(listener, wanted) { listener.rejoined($0, wanted, initial) }
                case .failure(let error): listener.fail(error)
                }
            }
            listener.asks(call)
        } catch {
            listener.fail(error)
        }
        return true
    }

    /// The instance of a plugin that is up.
    func ready(_ pluginID: String) throws(GatewayError) -> PluginInstance {
        switch plugins.state(pluginID) {
        case .ready(let instance): return instance
        case .down(let down): throw down.error
        }
    }

    static var foreignPage: GatewayError {
        GatewayError(
            .forbidden,
            "this page may not use streams: its Origin is not the gateway's own; allow it with stream-allowed-origins")
    }
}
