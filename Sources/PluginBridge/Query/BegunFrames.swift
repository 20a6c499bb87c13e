import DataFrames
import Synchronization

/// Which frames of a chunked answer have begun: their later chunks hold rows only.
final class BegunFrames: Sendable {
    private struct Key: Hashable {
        let refID: [UInt8]
        let frameID: [UInt8]
    }

    private let begun = Mutex<Set<Key>>([])

    /// Whether this is the first chunk of its frame.
    func begin(_ chunk: QueryChunk) -> Bool {
        let key = Key(refID: Array(chunk.refID), frameID: Array(chunk.frameID))
        return begun.withLock { $0.insert(key).inserted }
    }
}
