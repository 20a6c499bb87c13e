internal import CGRPC

/// The gRPC core with its one completion thread; ends when the last channel, call and server of it is gone.
package final class GRPCRuntime: @unchecked Sendable {
    // The C runtime is safe to use from any thread.
    let handle: OpaquePointer

    /// Starts the core; fails when the system has no thread to give.
    package init() throws(GRPCError) {
        let started = cgrpc_runtime_start { sink, batch in
            guard let sink, let batch else { return }
            // The call that waits for this completion holds its target.
            let target = Unmanaged<CompletionTarget>.fromOpaque(sink).takeUnretainedValue()
            target.sink?.deliver(CompletionBatch(head: batch))
        }
        guard let started else {
            throw GRPCError(code: .resourceExhausted, message: "cannot start the gRPC completion thread")
        }
        handle = started
    }

    deinit {
        cgrpc_runtime_stop(handle)
    }

    /// How often the completion thread has looked for more that has finished, beside what it was waiting for.
    var looks: Int64 { cgrpc_runtime_looks(handle) }

    /// The version of the gRPC core in use.
    package static var coreVersion: String {
        cgrpc_core_version().map { String(cString: $0) } ?? "unknown"
    }
}

/// A point in time on the monotonic clock by which a call must be answered.
package struct GRPCDeadline: Sendable, Hashable {
    let nanoseconds: Int64

    /// No deadline.
    package static let never = GRPCDeadline(nanoseconds: .max)

    /// That long from now; a duration too long to count is `never`.
    package static func after(_ duration: Duration) -> GRPCDeadline {
        let parts = duration.components
        let seconds = parts.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let wait = seconds.partialValue.addingReportingOverflow(parts.attoseconds / 1_000_000_000)
        let sum = cgrpc_now().addingReportingOverflow(wait.partialValue)
        let overflow = seconds.overflow || wait.overflow || sum.overflow
        return overflow
            ? (parts.seconds < 0 ? GRPCDeadline(nanoseconds: 0) : .never) : .init(nanoseconds: sum.partialValue)
    }
}
