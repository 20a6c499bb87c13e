internal import CGRPC

/// One entry of a call's request metadata.
package struct GRPCMetadata: Sendable, Equatable {
    /// The lower-case key.
    package var key: String
    /// The value; text unless the key ends in `-bin`.
    package var value: [UInt8]

    /// A text entry.
    package init(_ key: String, _ value: String) {
        self.init(key, Array(value.utf8))
    }

    /// An entry of any bytes.
    package init(_ key: String, _ value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// What applies to one call besides method and message.
package struct GRPCCallOptions: Sendable {
    /// Sent ahead of the message.
    package var metadata: [GRPCMetadata]
    /// When the call ends with DEADLINE_EXCEEDED.
    package var deadline: GRPCDeadline
    /// Wait for a connection instead of failing with UNAVAILABLE.
    package var waitForReady: Bool

    /// No metadata, no deadline and no waiting unless given.
    package init(metadata: [GRPCMetadata] = [], deadline: GRPCDeadline = .never, waitForReady: Bool = false) {
        self.metadata = metadata
        self.deadline = deadline
        self.waitForReady = waitForReady
    }
}

/// A connection to one server, which is made on the first call and again after it was lost.
package final class GRPCChannel: @unchecked Sendable {
    // The C channel is safe to use from any thread; the method handles never change.
    let handle: OpaquePointer
    let runtime: GRPCRuntime
    private let methods: [UnsafeMutableRawPointer]

    /// A channel to an address as the gRPC core names it, such as `unix:/path` or `ipv4:127.0.0.1:80`.
    ///
    /// - Parameter methods: the full paths of the methods that are called; calls name them by their place here.
    package init(runtime: GRPCRuntime, target: String, methods: [String]) throws(GRPCError) {
        guard let handle = cgrpc_channel_create(runtime.handle, target) else {
            throw GRPCError(code: .resourceExhausted, message: "cannot create a channel to \(target)")
        }
        self.handle = handle
        self.runtime = runtime
        self.methods = methods.map { cgrpc_channel_method(handle, $0) }
    }

    deinit {
        cgrpc_channel_destroy(handle)
    }

    /// Lets the next call connect at once, for a server that is known to be up again.
    package func resetBackoff() {
        cgrpc_channel_reset_backoff(handle)
    }

    func registered(_ method: Int) throws(GRPCError) -> UnsafeMutableRawPointer {
        guard methods.indices.contains(method) else {
            throw GRPCError(code: .unimplemented, message: "the channel knows no method \(method)")
        }
        return methods[method]
    }

    /// Starts a unary call; the completion runs on the target's thread, exactly once.
    ///
    /// - Throws: when the metadata can't be sent; the completion is then not called.
    @discardableResult
    package func unary(
        method: Int, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions(),
        on target: CompletionTarget, completion: @escaping (Result<GRPCMessage, GRPCError>) -> Void
    ) throws(GRPCError) -> GRPCCall {
        let call = try GRPCCall(
            channel: self, method: try registered(method), request: request, options: options, target: target,
            streaming: false)
        try call.begin(.unary(completion))
        return call
    }

    /// Starts a call with a stream of answers; events run on the target's thread, one message per `GRPCCall.read()`.
    ///
    /// - Throws: when the metadata can't be sent; no event comes then.
    package func serverStreaming(
        method: Int, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions(),
        on target: CompletionTarget, onEvent: @escaping (GRPCStreamEvent) -> Void
    ) throws(GRPCError) -> GRPCCall {
        let call = try GRPCCall(
            channel: self, method: try registered(method), request: request, options: options, target: target,
            streaming: true)
        try call.begin(.stream(onEvent))
        return call
    }
}
