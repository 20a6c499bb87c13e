/// A small generator, so that a failure can be repeated.
struct Xorshift: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func mutated(_ bytes: [UInt8], _ pieces: [[UInt8]]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 0...3, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes.insert(contentsOf: pieces.randomElement(using: &self) ?? [], at: place)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + 3))
            case 2: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &self) }
            default: bytes.insert(contentsOf: bytes.prefix(place).suffix(8), at: place)
            }
        }
        return bytes
    }
}
