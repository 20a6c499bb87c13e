import DataPlaneAPI

/// What must hold of the stored object for a commit to be made.
package enum Precondition: Sendable, Hashable {
    /// There is none.
    case absent
    /// It was committed with this version.
    case version(Int)
}

/// What came of a commit.
package enum CommitResult: Sendable, Hashable {
    /// It is durable, with this version.
    case committed(Int)
    /// The precondition did not hold; this is what is stored.
    case conflict(Record?)
}

/// One committed change.
package struct Change: Sendable, Hashable {
    /// Where the object lies.
    package let key: ObjectKey
    /// The version of the commit.
    package let version: Int
    /// The state after it; nil for a deletion.
    package let new: Record?
    /// The state before it, where the storage has it at hand; the watch cache knows it otherwise.
    package let old: Record?

    /// Creates a change.
    package init(key: ObjectKey, version: Int, new: Record?, old: Record?) {
        self.key = key
        self.version = version
        self.new = new
        self.old = old
    }
}

/// What a storage tells who follows it.
package enum StorageSignal: Sendable {
    /// Changes in the order of their versions; after them everything up to a version is known.
    case changes([Change], upTo: Int)
    /// Nothing happened up to this version.
    case progress(Int)
    /// The history does not reach back as far; follow from this version on, or load anew.
    case lost(oldest: Int)
}

/// Where a load of all records stands.
package struct LoadedState: Sendable, Hashable {
    /// The version that the records show.
    package var version: Int
    /// The oldest version that `follow` may start from.
    package var oldest: Int

    /// Creates the state of a load.
    package init(version: Int, oldest: Int) {
        self.version = version
        self.oldest = oldest
    }
}

/// Keeps records: compare and swap on each, one rising number for all of them, and a history to follow.
///
/// SQLite is one of them; every implementation passes one suite of tests. An acknowledged commit is durable. Nothing here
/// knows kinds, selectors or renderings.
package protocol ObjectStorage: Sendable {
    /// One record, as it is now for everybody.
    func get(_ key: ObjectKey) async throws(GatewayError) -> Record?
    /// Gives all records to `page`, a bounded number at a time, all of one version.
    func load(
        _ page: @escaping @Sendable ([Record]) throws(GatewayError) -> Void
    ) async throws(GatewayError) -> LoadedState
    /// Writes one record if the precondition holds, or removes it for nil.
    ///
    /// Commits that wait together share one write to the disk; of those that follow each gets its own version.
    ///
    /// - Throws: 503 when too many wait already.
    func commit(
        _ key: ObjectKey, _ precondition: Precondition, _ content: RecordContent?
    ) async throws(GatewayError) -> CommitResult
    /// The version of the newest commit.
    func newest() async throws(GatewayError) -> Int
    /// Tells of every change after a version, in order, until the storage closes; first of those in the history.
    ///
    /// The sink is called by one caller at a time, and with changes before their commits return.
    func follow(after version: Int, _ sink: @escaping @Sendable (StorageSignal) -> Void) async throws(GatewayError)
    /// Forgets the history up to a version.
    func compact(before version: Int) async throws(GatewayError)
    /// Ends every use.
    func close() async throws(GatewayError)
}
