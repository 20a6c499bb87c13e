import SystemKit

/// Watches files by looking at them: certificates and tokens are replaced while the process runs.
struct FileFollower: Sendable {
    private let paths: [String]
    private let before: [FileFacts?]

    /// A follower of these files from now on, so make it before they are read; empty paths are left out.
    init(_ paths: [String]) {
        self.paths = paths.filter { !$0.isEmpty }
        before = self.paths.map { FileFacts($0) }
    }

    /// Calls `changed` whenever a file is another one than before, until the task is cancelled.
    ///
    /// Two files that belong together are seldom replaced at once: nothing is called before they stay the same for
    /// one look.
    func run(every interval: Duration = .milliseconds(500), _ changed: @Sendable () async -> Void) async {
        guard !paths.isEmpty else { return }
        var known = before
        var seen = known
        while (try? await Task.sleep(for: interval)) != nil {
            let now = facts
            defer { seen = now }
            guard now != known, now == seen else { continue }
            known = now
            await changed()
        }
    }

    private var facts: [FileFacts?] { paths.map { FileFacts($0) } }
}
