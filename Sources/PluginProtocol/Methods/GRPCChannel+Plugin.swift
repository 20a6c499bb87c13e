import RPC

// Calls to plugins, by the names of their methods.

extension GRPCChannel {
    private static let paths = PluginMethod.allCases.map(\.path)

    /// A channel to the address of a plugin.
    package convenience init(runtime: GRPCRuntime, address: PluginAddress) throws(GRPCError) {
        try self.init(runtime: runtime, target: address.target, methods: Self.paths)
    }

    /// Starts a unary call; the completion runs on the target's thread, exactly once.
    ///
    /// - Throws: when the metadata can't be sent; the completion is then not called.
    @discardableResult
    package func unary(
        _ method: PluginMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions(),
        on target: CompletionTarget, completion: @escaping (Result<GRPCMessage, GRPCError>) -> Void
    ) throws(GRPCError) -> GRPCCall {
        try unary(method: method.rawValue, request, options: options, on: target, completion: completion)
    }

    /// Starts a call with a stream of answers; events run on the target's thread, one message per `GRPCCall.read()`.
    ///
    /// - Throws: when the metadata can't be sent; no event comes then.
    package func serverStreaming(
        _ method: PluginMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions(),
        on target: CompletionTarget, onEvent: @escaping (GRPCStreamEvent) -> Void
    ) throws(GRPCError) -> GRPCCall {
        try serverStreaming(method: method.rawValue, request, options: options, on: target, onEvent: onEvent)
    }

    /// Makes a unary call; cancelling the task cancels the call.
    package func unary(
        _ method: PluginMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions()
    ) async throws(GRPCError) -> GRPCMessage {
        try await unary(method: method.rawValue, request, options: options)
    }

    /// Makes a call with a stream of answers, read one at a time.
    package func serverStreaming(
        _ method: PluginMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions()
    ) throws(GRPCError) -> GRPCStream {
        try serverStreaming(method: method.rawValue, request, options: options)
    }
}

extension GRPCServerMethod {
    /// A method of the plugin protocol.
    package init(_ method: PluginMethod, handler: @escaping @Sendable (GRPCServerCall) -> Void) {
        self.init(path: method.path, handler: handler)
    }
}
