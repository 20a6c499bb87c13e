internal import CGRPC
internal import Synchronization

/// One request that a server answers: exactly once, by `reply`, `finish` or `fail`.
package final class GRPCServerCall: @unchecked Sendable {
    // Headers are read-only after the request came; what is sent goes through the mutex.
    private let server: GRPCServer
    private let handle: OpaquePointer
    private let state = Mutex(State())

    /// The request's message, empty when none was sent.
    package let request: GRPCMessage

    private struct State {
        var answered = false
        var cancelled = false
        var writer: CheckedContinuation<Bool, Never>?
        var onCancel: (@Sendable () -> Void)?
    }

    init(server: GRPCServer, handle: OpaquePointer, message: OpaquePointer?) {
        self.server = server
        self.handle = handle
        request = message.map { GRPCMessage(handle: $0) } ?? GRPCPayload().asMessage()
    }

    deinit {
        cgrpc_server_call_release(handle)
    }

    func attach() {
        // Given back with the last event.
        let context = Unmanaged.passRetained(self).toOpaque()
        cgrpc_server_call_attach(
            handle,
            { context, event in
                guard let context else { return }
                let reference = Unmanaged<GRPCServerCall>.fromOpaque(context)
                switch Int(event) {
                case CGRPC_CALL_WRITTEN: reference.takeUnretainedValue().resumeWriter(true)
                case CGRPC_CALL_WRITE_FAILED: reference.takeUnretainedValue().resumeWriter(false)
                case CGRPC_CALL_CANCELLED: reference.takeUnretainedValue().wasCancelled()
                default: reference.takeRetainedValue().hasFinished()
                }
            }, context)
    }

    /// The first value of a request header, by its lower-case name.
    package func header(_ name: String) -> String? {
        var length = 0
        guard let start = cgrpc_server_call_header(handle, name, &length) else { return nil }
        return String(decoding: UnsafeBufferPointer(start: start, count: length), as: UTF8.self)
    }

    /// Whether nobody waits for the answer any more.
    package var isCancelled: Bool { state.withLock { $0.cancelled } }

    /// Calls `body` once when nobody waits for the answer any more, also when that is so already.
    package func onCancel(_ body: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            if !state.cancelled { state.onCancel = body }
            return state.cancelled
        }
        if now { body() }
    }

    /// Answers a unary call.
    package func reply(_ payload: consuming GRPCPayload) {
        end(payload.take(), nil)
    }

    /// Sends one message of a streaming answer and waits until it may send the next; one writer at a time.
    ///
    /// - Throws: CANCELLED when nobody waits for the answer any more.
    package func write(_ payload: consuming GRPCPayload) async throws(GRPCError) {
        let message = payload.take()
        let written = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            let ready = state.withLock { state in
                let ready = !state.answered && !state.cancelled && state.writer == nil
                if ready { state.writer = continuation }
                return ready
            }
            guard ready else {
                cgrpc_message_destroy(message)
                continuation.resume(returning: false)
                return
            }
            if cgrpc_server_call_write(handle, message) != 0 { resumeWriter(false) }
        }
        if !written { throw GRPCError(code: .cancelled, message: "the caller no longer waits for the answer") }
    }

    /// Ends a streaming answer well.
    package func finish() {
        end(nil, nil)
    }

    /// Ends the call with an error.
    package func fail(_ error: GRPCError) {
        end(nil, error)
    }

    private func end(_ message: OpaquePointer?, _ error: GRPCError?) {
        let first = state.withLock { state in
            defer { state.answered = true }
            return !state.answered
        }
        guard first else {
            if let message { cgrpc_message_destroy(message) }
            return
        }
        guard let error else {
            cgrpc_server_call_finish(handle, message, 0, nil, 0, nil, 0)
            return
        }
        let details = error.details
        var text = error.message
        text.withUTF8 { text in
            _ = details.withUnsafeBytes { details in
                cgrpc_server_call_finish(
                    handle, nil, error.code.rawValue, text.baseAddress, text.count, details.baseAddress, details.count)
            }
        }
    }

    private func resumeWriter(_ written: Bool) {
        let writer = state.withLock { state in
            defer { state.writer = nil }
            return state.writer
        }
        writer?.resume(returning: written)
    }

    private func wasCancelled() {
        let body = state.withLock { state in
            state.cancelled = true
            defer { state.onCancel = nil }
            return state.onCancel
        }
        body?()
    }

    private func hasFinished() {
        // Breaks the cycle of a handler that captured the call.
        state.withLock { $0.onCancel = nil }
        resumeWriter(false)
    }
}
