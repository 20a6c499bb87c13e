internal import CGRPC

/// What a call with a stream of answers reports.
package enum GRPCStreamEvent: Sendable {
    /// One message; ask for the next with `GRPCCall.read()`.
    case message(GRPCMessage)
    /// The last event, with nil for OK.
    case finished(GRPCError?)
}

/// A call under way.
package final class GRPCCall: @unchecked Sendable {
    enum Handler {
        case unary((Result<GRPCMessage, GRPCError>) -> Void)
        case stream((GRPCStreamEvent) -> Void)
    }

    // The handler is set before the call begins and from then on belongs to the target's thread, which the C side
    // calls one event at a time. Everything else is constant, and cancel and read are safe from any thread.
    private var handler: Handler?
    private var handle: OpaquePointer?
    /// Why we ended the call.
    private var ending: GRPCError?
    private let channel: GRPCChannel
    private let target: CompletionTarget

    init(
        channel: GRPCChannel, method: UnsafeMutableRawPointer?, request: consuming GRPCPayload,
        options: GRPCCallOptions, target: CompletionTarget, streaming: Bool
    ) throws(GRPCError) {
        self.channel = channel
        self.target = target
        var made = cgrpc_call_options()
        made.method = method
        made.request = request.take()
        made.deadline = options.deadline.nanoseconds
        made.streaming = streaming ? 1 : 0
        made.wait_for_ready = options.waitForReady ? 1 : 0
        made.sink = target.opaque
        made.list = target.calls?.handle
        made.context = Unmanaged.passUnretained(self).toOpaque()
        made.event = { context, call, event, message in
            guard let context else { return }
            GRPCCall.handle(event: event, message: message, call: call, context: context)
        }
        handle = options.metadata.withCMetadata { entries in
            made.metadata = entries.baseAddress.map { UnsafePointer($0) }
            made.metadata_count = entries.count
            return cgrpc_call_create(channel.handle, &made)
        }
        guard handle != nil else { throw GRPCError(code: .resourceExhausted, message: "out of memory for a call") }
    }

    deinit {
        if let handle { cgrpc_call_release(handle) }
    }

    func begin(_ handler: Handler) throws(GRPCError) {
        self.handler = handler
        // Given back with the last event.
        _ = Unmanaged.passRetained(self)
        guard cgrpc_call_begin(handle) != 0 else {
            target.calls?.began()
            return
        }
        self.handler = nil
        Unmanaged.passUnretained(self).release()
        throw GRPCError(
            code: .invalidArgument,
            message: "the call's metadata holds a key or a value that gRPC can't carry: keys are lower case, "
                + "values printable ASCII")
    }

    /// Asks for the next message of a stream, on the target's thread if that has one.
    ///
    /// Does nothing while one is outstanding or after the end.
    package func read() {
        cgrpc_call_read(handle)
    }

    /// Ends the call early; the completion or the last event still comes.
    package func cancel() {
        cgrpc_call_cancel(handle)
    }

    /// Ends the call early with this error, unless it has ended; on the target's thread.
    package func end(_ error: GRPCError) {
        ending = error
        cancel()
    }

    private static func handle(event: Int32, message: OpaquePointer?, call: OpaquePointer?, context: UnsafeRawPointer) {
        let reference = Unmanaged<GRPCCall>.fromOpaque(context)
        let received = message.map { GRPCMessage(handle: $0) }
        guard Int(event) == CGRPC_FINISHED else {
            if case .stream(let onEvent) = reference.takeUnretainedValue().handler, let received {
                onEvent(.message(received))
            }
            return
        }
        let this = reference.takeRetainedValue()
        let handler = this.handler
        this.handler = nil
        let failure = call.flatMap { GRPCError(finished: $0) }.map { this.ending ?? $0 }
        switch handler {
        case .stream(let onEvent):
            // Messages that came after we ended it were dropped, whatever the plugin said of the end.
            onEvent(.finished(failure ?? this.ending))
        case .unary(let completion):
            if let failure {
                completion(.failure(failure))
            } else if let received {
                completion(.success(received))
            } else {
                completion(.failure(GRPCError(code: .internalError, message: "the answer holds no message")))
            }
        case nil:
            break
        }
    }
}

extension [GRPCMetadata] {
    /// The entries as the C side reads them, valid inside `body`.
    fileprivate func withCMetadata<R>(_ body: (UnsafeMutableBufferPointer<cgrpc_metadata>) -> R) -> R {
        guard !isEmpty else { return body(UnsafeMutableBufferPointer(start: nil, count: 0)) }
        let total = reduce(0) { $0 + $1.key.utf8.count + $1.value.count }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Swift.max(1, total)) { bytes in
            withUnsafeTemporaryAllocation(of: cgrpc_metadata.self, capacity: count) { entries in
                var offset = 0
                for (index, entry) in enumerated() {
                    let key = bytes[offset...].update(fromContentsOf: entry.key.utf8)
                    let value = bytes[key...].update(fromContentsOf: entry.value)
                    entries[index] = cgrpc_metadata(
                        key: bytes.baseAddress.map { $0 + offset }, key_length: key - offset,
                        value: bytes.baseAddress.map { $0 + key }, value_length: value - key)
                    offset = value
                }
                return body(entries)
            }
        }
    }
}
