import Crypto
import DataPlaneAPI

/// A manifest file's text in pieces, one for each document, so that only those are read that have changed.
///
/// A line that begins with `---` begins a document, whatever stands before it: YAML allows it nowhere else.
struct ManifestText {
    /// One document.
    struct Piece {
        let text: String
        /// How many lines stand before it.
        let linesBefore: Int
        /// Of its text, without blanks at its end.
        let hash: String
    }

    /// The pieces that hold more than comments.
    private(set) var pieces: [Piece] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var (start, lines, linesBefore) = (0, 0, 0)
        var (isBlank, hasDirective) = (true, false)
        var found: [Piece] = []
        func cut(_ end: Int) {
            guard !isBlank else { return }
            found.append(Self.piece(bytes[start..<end], linesBefore: linesBefore))
        }
        var place = 0
        while place < bytes.count {
            let line = bytes[place...].prefix { $0 != 0x0A }
            let shown = line.starts(with: Self.mark) ? line.dropFirst(Self.mark.count) : line
            if Self.isSeparator(shown) {
                cut(place)
                (start, linesBefore, isBlank) = (place, lines, true)
                if let first = shown.dropFirst(3).first(where: { !Self.isSpace($0) }), first != 0x23 { isBlank = false }
            } else if let first = shown.first(where: { !Self.isSpace($0) }), first != 0x23 {
                isBlank = false
                if shown.first == 0x25 { hasDirective = true }
            }
            lines += 1
            place = line.endIndex + 1
        }
        cut(bytes.count)
        // A directive belongs to the document behind the next separator.
        pieces = hasDirective ? [Self.piece(bytes[...], linesBefore: 0)] : found
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private static func isSeparator(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.starts(with: [0x2D, 0x2D, 0x2D]) else { return false }
        return line.dropFirst(3).first.map(isSpace) ?? true
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    private static func piece(_ bytes: ArraySlice<UInt8>, linesBefore: Int) -> Piece {
        var end = bytes.endIndex
        while end > bytes.startIndex, isSpace(bytes[end - 1]) { end -= 1 }
        let digits = Array("0123456789abcdef".utf8)
        // Half of it is more than enough to tell documents of one file apart.
        let hash = SHA256.hash(data: bytes[..<end]).prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return Piece(
            text: String(decoding: bytes, as: UTF8.self), linesBefore: linesBefore,
            hash: String(decoding: hash, as: UTF8.self))
    }
}
