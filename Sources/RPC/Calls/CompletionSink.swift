internal import CGRPC

/// Where the results of calls are handed to, for instance an event loop.
///
/// `deliver` runs on the completion thread, once per drained batch: it must not block, and must see to it that
/// `CompletionBatch.run()` is called once, on the thread the calls belong to.
package protocol CompletionSink: AnyObject, Sendable {
    /// Takes the finished operations of this sink.
    func deliver(_ batch: CompletionBatch)
}

/// The finished operations of one sink; run it exactly once.
package struct CompletionBatch: @unchecked Sendable {
    // A C list that belongs to whoever runs it: it only crosses threads by being handed on.
    private let head: OpaquePointer

    init(head: OpaquePointer) {
        self.head = head
    }

    /// Runs the completions of the batch on this thread.
    package func run() {
        cgrpc_batch_run(head)
    }
}

/// A sink as calls refer to it: make one per event loop and keep it.
package final class CompletionTarget: Sendable {
    let sink: (any CompletionSink)?
    /// The calls under way; nil when nobody asks.
    package let calls: GRPCCallList?

    /// Completions go to the sink.
    ///
    /// - Parameter calls: lists the calls under way, which then must begin on the sink's thread.
    package init(_ sink: any CompletionSink, calls: GRPCCallList? = nil) {
        self.sink = sink
        self.calls = calls
    }

    private init() {
        sink = nil
        calls = nil
    }

    /// Completions run on the completion thread itself; they must be short and never block.
    package static let direct = CompletionTarget()

    /// The address that the C side groups by, nil for the direct target.
    var opaque: UnsafeMutableRawPointer? {
        sink == nil ? nil : Unmanaged.passUnretained(self).toOpaque()
    }
}
