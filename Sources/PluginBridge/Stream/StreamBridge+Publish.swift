import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

extension StreamBridge {
    /// Publishes the body of a POST: 200 with what the plugin made of it, 404 and 403 as PublishStream says.
    ///
    /// What the plugin gives back goes to all listeners; when it gives nothing, nothing is sent.
    package func publish(_ exchange: Exchange, _ target: StreamTarget, isTLS: Bool = false) {
        guard exchange.request.method == .post else {
            return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["POST"]))
        }
        guard settings.origins.allows(exchange.request, isTLS: isTLS) else { return exchange.respond(Self.foreignPage) }
        exchange.collectBody(limit: settings.publishLimit, setting: "stream-publish-limit") { [self] result in
            do throws(GatewayError) {
                let call = try publish(try result.get(), target) { outcome in
                    exchange.letGo()
                    guard !exchange.isOver else { return }
                    switch outcome {
                    case .success(let json):
                        exchange.respond(
                            200, contentType: "application/json", body: json ?? ByteBuffer(staticString: "{}"))
                    case .failure(let error): exchange.respond(error)
                    }
                }
                exchange.take(call)
            } catch {
                exchange.respond(error)
            }
        }
    }

    /// Publishes a message of a WebSocket client; the next is read when this one is done.
    func publish(from listener: StreamListener, _ target: StreamTarget, isText: Bool, _ bytes: ByteBuffer) {
        do throws(GatewayError) {
            guard isText else { throw GatewayError(.unsupportedMediaType, "publish JSON in a text message") }
            listener.pause()
            try publish(Array(bytes.readableBytesView), target) { outcome in
                switch outcome {
                case .success(let json): listener.tell(StreamText.published(json))
                case .failure(let error): listener.tell(StreamText.refused(error))
                }
                listener.resume()
            }
        } catch {
            listener.tell(StreamText.refused(error))
            listener.resume()
        }
    }

    @discardableResult
    private func publish(
        _ data: [UInt8], _ target: StreamTarget, _ done: @escaping (Result<ByteBuffer?, GatewayError>) -> Void
    ) throws(GatewayError) -> GRPCCall {
        let key = target.key
        do throws(JSONError) { try StreamPacket.check(data) } catch { throw error.badRequest }
        let instance = try ready(key.pluginID)
        do throws(GRPCError) {
            return try instance.channel.unary(
                .publishStream,
                PluginRequest.stream(context: target.context, path: key.path, data: data, headers: target.headers),
                options: GRPCCallOptions(deadline: .after(.seconds(settings.callTimeout))), on: plugins.completions
            ) { [self] result in
                read(result, of: .publishStream, key, instance) { answer in
                    // Sends on what the plugin let pass.
                    if case .success(let packet?) = answer, let home = self.hub?.home(of: key) {
                        self.run(on: home) { $0.publish(key, packet) }
                    }
                    done(answer.map { $0?.json })
                }
            }
        } catch {
            throw PluginFault.error(error, pluginID: key.pluginID, timeout: settings.callTimeout)
        }
    }
}
