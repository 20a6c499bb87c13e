/// Header names that claim an identity here beside the known ones: those that an operator configured.
///
/// They are recognised where heads and trailers are read, so that no later step has to think of them.
package struct IdentityNames: Sendable, Equatable {
    private var names: [[UInt8]] = []
    private var prefixes: [[UInt8]] = []

    /// Creates the set; empty names are left out.
    ///
    /// - Parameters:
    ///   - names: whole names, in any case.
    ///   - prefixes: beginnings of names, in any case.
    package init(names: [String] = [], prefixes: [String] = []) {
        self.names = names.map(Self.folded).filter { !$0.isEmpty }
        self.prefixes = prefixes.map(Self.folded).filter { !$0.isEmpty }
    }

    /// Adds whole names.
    ///
    /// - Returns: those that were none of them before, as given.
    package mutating func add(_ more: [String]) -> [String] {
        more.filter { name in
            let folded = Self.folded(name)
            guard !folded.isEmpty, !names.contains(folded) else { return false }
            names.append(folded)
            return true
        }
    }

    /// Whether a name is one of them; case doesn't count, and `_` is the same as `-`.
    @inline(__always)
    func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        if names.isEmpty, prefixes.isEmpty { return false }
        return search(name)
    }

    private func search(_ name: UnsafeRawBufferPointer) -> Bool {
        names.contains { $0.count == name.count && Self.begins(name, $0) }
            || prefixes.contains { Self.begins(name, $0) }
    }

    private static func begins(_ name: UnsafeRawBufferPointer, _ wanted: [UInt8]) -> Bool {
        guard name.count >= wanted.count else { return false }
        for index in wanted.indices where fold(name[index]) != wanted[index] { return false }
        return true
    }

    private static func folded(_ text: String) -> [UInt8] { text.utf8.map(fold) }

    private static func fold(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte
    }
}
