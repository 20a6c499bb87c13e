internal import Synchronization

extension GRPCChannel {
    /// Makes a unary call; cancelling the task cancels the call.
    package func unary(
        method: Int, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions()
    ) async throws(GRPCError) -> GRPCMessage {
        let call = try GRPCCall(
            channel: self, method: try registered(method), request: request, options: options, target: .direct,
            streaming: false)
        let result: Result<GRPCMessage, GRPCError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                do throws(GRPCError) {
                    try call.begin(.unary { continuation.resume(returning: $0) })
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        } onCancel: {
            call.cancel()
        }
        return try result.get()
    }

    /// Makes a call with a stream of answers, read one at a time.
    package func serverStreaming(
        method: Int, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions()
    ) throws(GRPCError) -> GRPCStream {
        let mailbox = GRPCStream.Mailbox()
        let call = try serverStreaming(method: method, request, options: options, on: .direct) { mailbox.put($0) }
        return GRPCStream(call: call, mailbox: mailbox)
    }
}

/// The answers of a streaming call for one reader.
///
/// Dropping it cancels the call.
package final class GRPCStream: Sendable {
    private let call: GRPCCall
    private let mailbox: Mailbox

    fileprivate init(call: GRPCCall, mailbox: Mailbox) {
        self.call = call
        self.mailbox = mailbox
    }

    deinit {
        call.cancel()
    }

    /// The next message, nil at a good end.
    ///
    /// Cancelling the task cancels the call.
    package func next() async throws(GRPCError) -> GRPCMessage? {
        let event = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if mailbox.wait(continuation) { call.read() }
            }
        } onCancel: {
            call.cancel()
        }
        switch event {
        case .message(let message): return message
        case .finished(let failure):
            if let failure { throw failure }
            return nil
        }
    }

    /// Ends the call early.
    package func cancel() {
        call.cancel()
    }

    /// Brings the events of the completion thread and the one reader together.
    fileprivate final class Mailbox: Sendable {
        private struct State {
            var waiting: CheckedContinuation<GRPCStreamEvent, Never>?
            var last: GRPCStreamEvent?
        }

        private let state = Mutex(State())

        /// Resumes the reader; the last event stays for later readers.
        func put(_ event: GRPCStreamEvent) {
            let waiting = state.withLock { state in
                if case .finished = event { state.last = event }
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.resume(returning: event)
        }

        /// Whether the reader now waits and a message must be asked for.
        func wait(_ continuation: CheckedContinuation<GRPCStreamEvent, Never>) -> Bool {
            let refused: GRPCStreamEvent? = state.withLock { state in
                if let last = state.last { return last }
                guard state.waiting == nil else {
                    return .finished(GRPCError(code: .internalError, message: "the stream already has a reader"))
                }
                state.waiting = continuation
                return nil
            }
            if let refused { continuation.resume(returning: refused) }
            return refused == nil
        }
    }
}
