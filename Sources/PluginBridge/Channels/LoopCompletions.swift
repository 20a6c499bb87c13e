import NIOCore
import RPC

/// Brings completions of plugin calls back to an event loop, one hop per batch.
final class LoopCompletions: CompletionSink {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func deliver(_ batch: CompletionBatch) {
        loop.execute { batch.run() }
    }
}
