import Synchronization
import SystemKit

/// Tells what plugin answers take of the process's memory, by what the process holds without any.
///
/// gRPC's core receives a message as a whole and says nothing of it before its end, so the process as a whole has to be
/// looked at while messages are on their way.
final class MemoryGauge: Sendable {
    /// Above this it is worth giving memory back, bytes.
    private static let remnant = 16 << 20

    private struct Sample {
        var resident = ProcessMemory.residentBytes
        var allocated = ProcessMemory.allocatedBytes

        /// The lower of two.
        func lower(_ other: Sample) -> Sample {
            Sample(resident: min(resident, other.resident), allocated: min(allocated, other.allocated))
        }
    }

    private let base: Mutex<(now: Sample, last: Sample)>
    private let residentBase: Atomic<Int>
    private let allocatedBase: Atomic<Int>
    /// Whether much was held since memory was last given back.
    private let wasLarge = Atomic<Bool>(false)

    init() {
        let sample = Sample()
        base = Mutex((sample, sample))
        residentBase = Atomic(sample.resident)
        allocatedBase = Atomic(sample.allocated)
    }

    /// What is held beyond the base.
    ///
    /// - Parameter precise: below this only what is resident is looked at, which costs two microseconds.
    func bytes(precise: Int) -> Int {
        let resident = ProcessMemory.residentBytes - residentBase.load(ordering: .relaxed)
        if resident > Self.remnant { wasLarge.store(true, ordering: .relaxed) }
        guard resident > precise else { return max(0, resident) }
        // Resident may be what was freed, allocated what was never written to: neither is less than what is held.
        return max(0, min(resident, ProcessMemory.allocatedBytes - allocatedBase.load(ordering: .relaxed)))
    }

    /// Takes what is held now as the base, once it has been so twice: what rises and falls is no base.
    func settle() {
        if wasLarge.exchange(false, ordering: .relaxed) { ProcessMemory.trim() }
        let sample = Sample()
        let lower = base.withLock { base in
            base.now = sample.lower(base.last)
            base.last = sample
            return base.now
        }
        residentBase.store(lower.resident, ordering: .relaxed)
        allocatedBase.store(lower.allocated, ordering: .relaxed)
    }
}
