extension [[UInt8]] {
    /// Whether a name is one of these lower-case names; case doesn't count, and `_` is the same as `-`.
    package func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        contains { wanted in wanted.count == name.count && zip(wanted, name).allSatisfy { fold($0) == fold($1) } }
    }

    private func fold(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte
    }
}
