internal import CSystemShim
internal import Glibc
internal import Synchronization

/// The one permanent thread that starts children and reads their pipes and exits.
///
/// It has to be one thread that never ends: the kernel kills a child when the thread that started it ends.
final class ProcessWatcher: @unchecked Sendable {
    // `queue` is behind its mutex, the descriptors are constant; `children` and `channels` belong to the thread.
    static let shared = ProcessWatcher()

    private typealias Started = @Sendable (Result<PluginProcess, ProcessError>) -> Void

    private struct Submission: Sendable {
        let request: ProcessRequest
        let onEvent: @Sendable (ProcessEvent) -> Void
        let started: Started
    }

    private let queue = Mutex<[Submission]>([])
    private let watch: csystem_watch
    private let startFailure: Int32
    private var children: [UInt64: WatchedChild] = [:]
    private var lastNumber: UInt64 = 0

    private init() {
        var made = csystem_watch()
        var failure = csystem_watch_create(&made)
        watch = made
        if failure == 0 {
            var thread = pthread_t()
            failure = pthread_create(
                &thread, nil,
                { _ in
                    csystem_name_thread("plugin-process")
                    ProcessWatcher.shared.run()
                }, nil)
        }
        startFailure = failure
    }

    func submit(
        _ request: ProcessRequest, _ onEvent: @escaping @Sendable (ProcessEvent) -> Void,
        _ started: @escaping @Sendable (Result<PluginProcess, ProcessError>) -> Void
    ) {
        guard startFailure == 0 else {
            let reason = String(cString: strerror(startFailure))
            started(.failure(ProcessError(description: "cannot watch processes: \(reason)", errno: startFailure)))
            return
        }
        queue.withLock { $0.append(Submission(request: request, onEvent: onEvent, started: started)) }
        wake()
    }

    private func wake() {
        csystem_watch_wake(watch)
    }

    private func run() -> Never {
        var tokens = [UInt64](repeating: 0, count: 64)
        while true {
            let count = csystem_watch_wait(watch, &tokens, 64)
            for token in tokens.prefix(Int(max(0, count))) {
                if token == 0 {
                    startSubmitted()
                } else {
                    // Two low bits tell the descriptor, the others the child.
                    handle(child: token >> 2, part: token & 3)
                }
            }
        }
    }

    private func startSubmitted() {
        let submitted = queue.withLock { queue in
            defer { queue = [] }
            return queue
        }
        for submission in submitted {
            do throws(ProcessError) {
                let child = try WatchedChild(spawning: submission.request, onEvent: submission.onEvent)
                lastNumber += 1
                children[lastNumber] = child
                submission.started(.success(child.process))
                observe(child, number: lastNumber)
            } catch {
                submission.started(.failure(error))
            }
        }
    }

    private func observe(_ child: WatchedChild, number: UInt64) {
        for (part, descriptor) in child.descriptors {
            // Without it the exit would go unseen: better to end the child now.
            if csystem_watch_add(watch, descriptor, number << 2 | part.rawValue) != 0 { child.process.kill() }
        }
    }

    private func handle(child number: UInt64, part: UInt64) {
        guard let child = children[number], let part = WatchedChild.Part(rawValue: part) else { return }
        if child.ready(part) { children[number] = nil }
    }
}
