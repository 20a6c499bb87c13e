import Crypto

/// The bearer tokens that are known here, by their digests: a memory dump or a slow comparison tells nobody a token.
package struct TokenTable: Sendable {
    private var users: [SHA256.Digest: User] = [:]

    /// An empty table.
    package init() {}

    /// Adds a token; the last one wins.
    ///
    /// - Returns: whether the token was new.
    @discardableResult
    package mutating func add(_ token: String, _ user: User) -> Bool {
        users.updateValue(user.asAuthenticated, forKey: SHA256.hash(data: Array(token.utf8))) == nil
    }

    /// Adds all tokens of another table; that one wins.
    package mutating func add(_ other: TokenTable) {
        users.merge(other.users) { $1 }
    }

    /// Whether there is none.
    package var isEmpty: Bool { users.isEmpty }

    /// Whose token it is.
    func user(_ token: UnsafeRawBufferPointer) -> User? {
        var hash = SHA256()
        hash.update(bufferPointer: token)
        return users[hash.finalize()]
    }
}
