/// Something long that is made piece by piece, away from the event loop, as fast as its reader takes it.
protocol PieceSource: Sendable {
    /// The next piece; nil behind the last one.
    mutating func next() -> [UInt8]?
}

/// How much of a list is in memory for one client.
package enum Pieces {
    /// A piece ends with the entry that passes this many bytes.
    package static let size = 64 << 10
}
