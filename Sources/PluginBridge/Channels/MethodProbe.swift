import PluginProtocol
import RPC

/// Finds out which methods a process implements before anybody needs them, without running what it has.
///
/// The protocol has no list of them. A request that is no protobuf message is refused where a server unpacks it, so no
/// handler of a plugin runs (but for servers that don't unpack what they don't need, such as the request for metrics);
/// where there is no such method, the server says UNIMPLEMENTED first. A plugin that registers a service and lacks its
/// handler is found out at the first real call only.
package enum MethodProbe {
    /// What no message begins with: a key that doesn't end.
    private static let noMessage: [UInt8] = [0xFF]

    /// Asks for each method and notes with the instance what is missing.
    ///
    /// - Parameters:
    ///   - methods: what to ask for.
    ///   - timeout: for each method, seconds; silence says nothing.
    package static func run(
        _ instance: PluginInstance,
        methods: [PluginMethod] = [
            .queryData, .queryChunkedData, .callResource, .checkHealth, .collectMetrics, .subscribeStream, .runStream,
            .publishStream, .validateAdmission, .mutateAdmission, .convertObjects,
        ],
        timeout: Int = 5
    ) async {
        for method in methods where !instance.isMissing(method) {
            let options = GRPCCallOptions(deadline: .after(.seconds(timeout)))
            do throws(GRPCError) {
                if method.isStreaming {
                    // Dropping the stream ends the call, should it have begun after all.
                    let stream = try instance.channel.serverStreaming(method, GRPCPayload(noMessage), options: options)
                    _ = try await stream.next()
                } else {
                    _ = try await instance.channel.unary(method, GRPCPayload(noMessage), options: options)
                }
            } catch {
                if error.code == .unimplemented { instance.note(missing: method) }
            }
        }
    }
}
