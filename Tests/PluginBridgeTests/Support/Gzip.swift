/// Texts packed with gzip, in blocks that hold them as they are: nothing here has to compress.
enum Gzip {
    static func pack(_ text: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(text)
        var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        var start = 0
        repeat {
            let block = bytes[start..<min(bytes.count, start + 0xFFFF)]
            start += block.count
            out.append(start == bytes.count ? 1 : 0)
            out += little(UInt32(block.count)).prefix(2) + little(UInt32(block.count) ^ 0xFFFF).prefix(2)
            out += block
        } while start < bytes.count
        return out + little(checksum(bytes)) + little(UInt32(truncatingIfNeeded: bytes.count))
    }

    /// Many zeros in few bytes: one zero, then copies of it.
    static func bomb(mebibytes: Int) -> [UInt8] {
        // What `gzip -9` makes of one MiB of zeros; members follow each other.
        Array(repeating: mebibyte, count: mebibytes).flatMap { $0 }
    }

    private static let mebibyte: [UInt8] = {
        // A block with fixed codes: literal 0, then lengths of 258 at the distance 1, bit by bit from the lowest.
        var bits: [Bool] = [true, true, false]
        func code(_ value: UInt32, _ length: Int) {
            for bit in (0..<length).reversed() { bits.append(value >> UInt32(bit) & 1 == 1) }
        }
        code(0x30, 8)
        let copies = ((1 << 20) - 1) / 258
        for _ in 0..<copies {
            code(0xC5, 8)
            code(0, 5)
        }
        for _ in 0..<((1 << 20) - 1 - copies * 258) { code(0x30, 8) }
        code(0, 7)
        var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
        for start in stride(from: 0, to: bits.count, by: 8) {
            var byte: UInt8 = 0
            for (place, bit) in bits[start..<min(start + 8, bits.count)].enumerated() where bit {
                byte |= 1 << UInt8(place)
            }
            out.append(byte)
        }
        return out + little(checksum([UInt8](repeating: 0, count: 1 << 20))) + little(1 << 20)
    }()

    private static func little(_ number: UInt32) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        return ~sum
    }
}
