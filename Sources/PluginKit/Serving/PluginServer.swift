import Bytes
import RPC

/// Serves a plugin on a socket: its handlers and the services every plugin has.
package final class PluginServer: Sendable {
    private let server: GRPCServer

    /// A server of what the plugin can do.
    ///
    /// `onShutdown` runs when the host asks the plugin to end.
    package init(
        _ plugin: any Plugin, runtime: GRPCRuntime, onShutdown: @escaping @Sendable () -> Void
    ) throws(GRPCError) {
        let methods =
            Self.processMethods(plugin, onShutdown) + Self.dataMethods(plugin) + Self.streamMethods(plugin)
            + Self.objectMethods(plugin)
        server = try GRPCServer(runtime: runtime, methods: methods)
    }

    /// Listens and answers.
    ///
    /// - Returns: the port, 1 for a unix socket.
    package func start(on address: String) throws(GRPCError) -> Int {
        let port = try server.listen(on: address)
        server.start()
        return port
    }

    /// Stops, cancelling what runs.
    package func stop() async {
        await server.stop(cancel: true)
    }

    private static func processMethods(
        _ plugin: any Plugin, _ onShutdown: @escaping @Sendable () -> Void
    ) -> [GRPCServerMethod] {
        [
            unary(.health) { _ in
                let isServing = await (plugin as? any ServingHandler)?.isServing() ?? true
                return WireWriter.payload { $0.int(1, isServing ? 1 : 2) }
            },
            GRPCServerMethod(.shutdown) { call in
                call.reply(GRPCPayload())
                onShutdown()
            },
            // Idle until the host goes: the plugin's standard streams are the real ones.
            GRPCServerMethod(.streamStdio) { call in
                call.onCancel { call.fail(GRPCError(code: .cancelled, message: "")) }
            },
        ]
    }

    private static func dataMethods(_ plugin: any Plugin) -> [GRPCServerMethod] {
        var methods: [GRPCServerMethod] = []
        if let handler = plugin as? any QueryDataHandler {
            methods.append(
                unary(.queryData) { message in
                    let request = try QueryDataRequest(message)
                    return try await handler.queryData(request).payload(format: request.format)
                })
        }
        if let handler = plugin as? any QueryChunkedDataHandler {
            methods.append(
                streaming(.queryChunkedData) { call in
                    let request = try QueryDataRequest(call.request)
                    try await handler.queryChunkedData(request, ChunkSender(call, format: request.format))
                })
        }
        if let handler = plugin as? any CheckHealthHandler {
            methods.append(
                unary(.checkHealth) { message in
                    let request = try CheckHealthRequest(message)
                    do {
                        return try await handler.checkHealth(request).payload()
                    } catch {
                        // A failed check is an answer, not a failed call.
                        return HealthResult(status: .error, message: PluginError(wrapping: error).message).payload()
                    }
                })
        }
        if let handler = plugin as? any CollectMetricsHandler {
            methods.append(
                unary(.collectMetrics) { _ in
                    CollectMetricsResult.payload(Array(try await handler.collectMetrics().utf8))
                })
        }
        return methods
    }

    private static func streamMethods(_ plugin: any Plugin) -> [GRPCServerMethod] {
        var methods: [GRPCServerMethod] = []
        if let handler = plugin as? any CallResourceHandler {
            methods.append(
                streaming(.callResource) { call in
                    let response = ResourceResponse(call)
                    try await handler.callResource(try CallResourceRequest(call.request), response)
                    if !response.hasBegun { try await response.send(status: 204) }
                })
        }
        guard let handler = plugin as? any StreamHandler else { return methods }
        methods.append(
            streaming(.runStream) { call in
                try await handler.runStream(try StreamRequest(call.request), PacketSender(call))
            })
        methods.append(
            unary(.subscribeStream) { try await handler.subscribeStream(try StreamRequest($0)).payload() })
        methods.append(unary(.publishStream) { try await handler.publishStream(try StreamRequest($0)).payload() })
        return methods
    }

    private static func objectMethods(_ plugin: any Plugin) -> [GRPCServerMethod] {
        var methods: [GRPCServerMethod] = []
        if let handler = plugin as? any AdmissionHandler {
            methods.append(
                unary(.validateAdmission) { try await handler.validateAdmission(try AdmissionRequest($0)).payload() })
            methods.append(
                unary(.mutateAdmission) { try await handler.mutateAdmission(try AdmissionRequest($0)).payload() })
        }
        if let handler = plugin as? any ConversionHandler {
            methods.append(
                unary(.convertObjects) { try await handler.convertObjects(try ConversionRequest($0)).payload() })
        }
        return methods
    }

    private static func unary(
        _ method: PluginMethod, _ answer: @escaping @Sendable (GRPCMessage) async throws -> GRPCPayload
    ) -> GRPCServerMethod {
        GRPCServerMethod(method) { call in
            run(call) { call.reply(try await answer(call.request)) }
        }
    }

    private static func streaming(
        _ method: PluginMethod, _ answer: @escaping @Sendable (GRPCServerCall) async throws -> Void
    ) -> GRPCServerMethod {
        GRPCServerMethod(method) { call in
            run(call) {
                try await answer(call)
                call.finish()
            }
        }
    }

    /// Runs a handler in a task of its own, which is cancelled when nobody waits for the answer any more.
    private static func run(_ call: GRPCServerCall, _ body: @escaping @Sendable () async throws -> Void) {
        let task = Task {
            do {
                try await body()
            } catch let error as GRPCError {
                call.fail(error)
            } catch let error as WireError {
                call.fail(GRPCError(code: .invalidArgument, message: error.description))
            } catch {
                let failure = PluginError(wrapping: error)
                call.fail(GRPCError(code: .unknown, message: failure.message, errorSource: failure.source))
            }
        }
        call.onCancel { task.cancel() }
    }
}
