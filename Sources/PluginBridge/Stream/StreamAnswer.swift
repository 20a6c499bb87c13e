import Bytes
import DataPlaneAPI
import HTTPKit
import PluginProtocol
import RPC

/// Reads what a plugin answers to SubscribeStream and PublishStream.
struct StreamAnswer: Sendable {
    /// The one of the two.
    let method: PluginMethod
    let key: StreamKey
    /// The most bytes of the JSON that comes along.
    let packetLimit: Int

    /// The JSON that came along, nil for none.
    ///
    /// - Throws: 404 and 403 as the plugin says, 502 for what can't be read.
    func read(_ message: GRPCMessage) throws(GatewayError) -> StreamPacket? {
        let answer: StreamResult
        do throws(WireError) { answer = try StreamResult(message) } catch {
            throw GatewayError(
                .badGateway, "plugin \(key.pluginID) sent an answer that can't be read: \(error)", source: .plugin)
        }
        switch answer.status {
        case .ok: return try packet(answer.data)
        case .notFound: throw GatewayError(.notFound, "plugin \(key.pluginID) has no stream \"\(key.path)\"")
        case .permissionDenied:
            throw GatewayError(
                .forbidden,
                "plugin \(key.pluginID) denies \(isPublishing ? "publishing" : "access") to the stream \"\(key.path)\"")
        }
    }

    private var isPublishing: Bool { method == .publishStream }
    private var what: String { isPublishing ? "published data" : "initial data" }

    private func packet(_ data: [UInt8]) throws(GatewayError) -> StreamPacket? {
        guard !data.isEmpty else { return nil }
        guard data.count <= packetLimit else {
            throw GatewayError(
                .badGateway,
                "plugin \(key.pluginID) sent \(what) of \(data.count) bytes, limit is \(packetLimit) "
                    + "(setting stream-packet-limit)", source: .plugin)
        }
        let result = data.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try StreamPacket(bytes) }
        }
        switch result {
        case .success(let packet): return packet
        case .failure(let error):
            throw GatewayError(
                .badGateway, "plugin \(key.pluginID) sent \(what) that is no JSON: \(error)", source: .plugin)
        }
    }
}

extension StreamBridge {
    /// Reads such an answer: a large one on a thread.
    func read(
        _ result: Result<GRPCMessage, GRPCError>, of method: PluginMethod, _ key: StreamKey,
        _ instance: PluginInstance, _ done: @escaping (Result<StreamPacket?, GatewayError>) -> Void
    ) {
        let message: GRPCMessage
        switch result {
        case .success(let whole): message = whole
        case .failure(let error):
            return done(
                .failure(PluginFault.error(error, of: method, instance: instance, timeout: settings.callTimeout)))
        }
        let answer = StreamAnswer(method: method, key: key, packetLimit: settings.packetLimit)
        guard message.count > SideWork.inlineLimit else {
            return done(Result { () throws(GatewayError) in try answer.read(message) })
        }
        side.run("the plugin's answer about a stream", milliseconds: side.patienceMS, on: loop) {
            Result { () throws(GatewayError) in try answer.read(message) }
        } _: { result in
            done(result.flatMap { $0 })
        }
    }
}
