/// Powers of ten as 128-bit fractions, what the shortest-digits search multiplies with.
package enum PowersOfTen {
    /// The table as memory that lives as long as the process: pairs of (high, low) words.
    ///
    /// Loops take it once and pass it down, so that the lazy start of a Swift global is not checked for every number.
    nonisolated(unsafe) package static let table: UnsafePointer<UInt64> = {
        let copy = UnsafeMutablePointer<UInt64>.allocate(capacity: words.count)
        for (index, word) in words.enumerated() { copy[index] = word }
        return UnsafePointer(copy)
    }()
}
