/// Files that held objects and are empty now: many programs empty a file before they write it, and some take their time.
///
/// What such a file held stays for a while.
struct EmptiedFiles {
    /// So long.
    static let patience = Duration.seconds(5)

    /// What to do with what an empty file held.
    enum Verdict {
        /// It has just become empty: its objects stay.
        case begins
        /// They still stay.
        case waits
        /// It is meant to be empty.
        case ends
    }

    private var since: [String: ContinuousClock.Instant] = [:]

    /// Whether the objects of some file stay for now.
    var areWaiting: Bool { !since.isEmpty }

    /// Notes that a file is empty.
    mutating func verdict(_ file: String, _ now: ContinuousClock.Instant) -> Verdict {
        guard let start = since[file] else {
            since[file] = now
            return .begins
        }
        guard now - start >= Self.patience else { return .waits }
        since[file] = nil
        return .ends
    }

    /// Forgets files that aren't empty, or aren't there.
    mutating func keep(only files: Set<String>) { since = since.filter { files.contains($0.key) } }
}
