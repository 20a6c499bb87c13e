internal import CGRPC
internal import Synchronization

/// A method that a server answers.
///
/// The handler runs on the completion thread and must not block.
package struct GRPCServerMethod: Sendable {
    let path: String
    let handler: @Sendable (GRPCServerCall) -> Void

    /// A method by its full path.
    package init(path: String, handler: @escaping @Sendable (GRPCServerCall) -> Void) {
        self.path = path
        self.handler = handler
    }
}

/// A gRPC server; paths without a handler are answered with UNIMPLEMENTED.
package final class GRPCServer: @unchecked Sendable {
    // The C server is safe to use from any thread; everything else is constant or behind the mutex.
    private let runtime: GRPCRuntime
    private let methods: [GRPCServerMethod]
    private var handle: OpaquePointer?
    private let stopping = Mutex(Stopping())

    private struct Stopping {
        var started = false
        var stopped = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// A server of these methods, listening nowhere yet.
    package init(runtime: GRPCRuntime, methods: [GRPCServerMethod]) throws(GRPCError) {
        self.runtime = runtime
        self.methods = methods
        var events = cgrpc_server_events()
        events.context = Unmanaged.passUnretained(self).toOpaque()
        events.request = { context, method, call, message in
            guard let context, let call else { return }
            let server = Unmanaged<GRPCServer>.fromOpaque(context).takeUnretainedValue()
            server.answer(method: method, GRPCServerCall(server: server, handle: call, message: message))
        }
        events.stopped = { context in
            guard let context else { return }
            Unmanaged<GRPCServer>.fromOpaque(context).takeRetainedValue().hasStopped()
        }
        handle = cgrpc_server_create(runtime.handle, events)
        guard handle != nil else { throw GRPCError(code: .resourceExhausted, message: "out of memory for a server") }
        for method in methods where cgrpc_server_add_method(handle, method.path) == 0 {
            throw GRPCError(code: .alreadyExists, message: "the method \(method.path) is registered twice")
        }
    }

    deinit {
        if let handle { cgrpc_server_release(handle) }
    }

    /// Listens, before `start`: on `unix:/path` or `127.0.0.1:port`, where port 0 takes a free one.
    ///
    /// - Returns: the port, 1 for a unix socket.
    package func listen(on address: String) throws(GRPCError) -> Int {
        let port = cgrpc_server_listen(handle, address)
        guard port > 0 else { throw GRPCError(code: .unavailable, message: "cannot listen on \(address)") }
        return Int(port)
    }

    /// Begins to answer.
    ///
    /// The server stays alive until `stop` has finished.
    package func start() {
        let first = stopping.withLock { state in
            defer { state.started = true }
            return !state.started
        }
        guard first else { return }
        _ = Unmanaged.passRetained(self)
        cgrpc_server_start(handle)
    }

    /// Stops accepting and waits for running calls to end; with `cancel` they are cancelled first.
    package func stop(cancel: Bool) async {
        guard stopping.withLock({ $0.started }) else { return }
        cgrpc_server_stop(handle, cancel ? 1 : 0)
        await withCheckedContinuation { continuation in
            let stopped = stopping.withLock { state in
                if !state.stopped { state.waiting.append(continuation) }
                return state.stopped
            }
            if stopped { continuation.resume() }
        }
    }

    private func hasStopped() {
        let waiting = stopping.withLock { state in
            state.stopped = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private func answer(method: Int, _ call: GRPCServerCall) {
        call.attach()
        guard methods.indices.contains(method) else {
            call.fail(GRPCError(code: .unimplemented, message: "unknown method"))
            return
        }
        methods[method].handler(call)
    }
}
