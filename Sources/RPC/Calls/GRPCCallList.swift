internal import CGRPC

/// The calls under way of one target, for whoever has to choose some that must end.
///
/// Bound to the target's thread.
package final class GRPCCallList: @unchecked Sendable {
    // The target's thread alone uses it; the target only hands it to the calls, which begin on that thread.
    let handle: OpaquePointer?
    private var onBegin: (() -> Void)?
    private var isWatched = false

    /// A list for one target.
    package init() {
        handle = cgrpc_call_list_create()
    }

    deinit {
        cgrpc_call_list_destroy(handle)
    }

    /// What a call waits for.
    package enum Waiting: Sendable {
        /// Its first message is on its way: the header of the answer had come at an earlier count, long enough ago.
        case firstMessage
        /// A further message of a stream, which is on its way or not.
        case laterMessage

        fileprivate var number: Int32 {
            Int32(self == .firstMessage ? CGRPC_FIRST_MESSAGE : CGRPC_LATER_MESSAGE)
        }
    }

    /// Calls `body` when a call begins, once for each `rest`.
    package func watch(_ body: @escaping () -> Void) { onBegin = body }

    /// Whoever watches wants to be called again.
    package func rest() { isWatched = false }

    func began() {
        guard !isWatched, let onBegin else { return }
        isWatched = true
        onBegin()
    }

    /// Whether no call is under way.
    package var isEmpty: Bool { handle.map { cgrpc_call_list_is_empty($0) != 0 } ?? true }

    /// How many calls wait for such a message.
    ///
    /// - Parameter grace: milliseconds since that earlier count: a small message comes soon after its header.
    package func count(_ what: Waiting, grace: Int = 0) -> Int {
        handle.map { cgrpc_call_list_count($0, what.number, Int64(grace) * 1_000_000) } ?? 0
    }

    /// The calls that began last, or asked last, among those that wait for such a message.
    package func newest(_ count: Int, _ what: Waiting) -> [GRPCCall] {
        (0..<max(0, count)).compactMap { index in
            handle.flatMap { cgrpc_call_list_receiving($0, what.number, index) }
                // A call in the list holds itself until it is finished.
                .map { Unmanaged<GRPCCall>.fromOpaque($0).takeUnretainedValue() }
        }
    }
}
