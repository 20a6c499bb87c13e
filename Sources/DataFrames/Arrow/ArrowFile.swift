/// The outer layout of an Arrow IPC file: magic, footer, and the blocks that the footer lists.
struct ArrowFile {
    /// The whole file.
    let bytes: UnsafeRawBufferPointer
    /// The footer's schema.
    let schema: FlatTable
    /// What lies between the magic with its padding and the footer: the file's messages, in the stream format.
    let streamPart: Range<Int>
    private let blocks: FlatVector

    /// The number of record batches.
    var batchCount: Int { blocks.count }

    init(_ bytes: UnsafeRawBufferPointer) throws(FrameError) {
        // Magic and padding in front, footer length and magic behind.
        guard bytes.count >= 18 else {
            throw FrameError("not an Arrow file: \(bytes.count) bytes are too few")
        }
        guard Self.hasMagic(bytes, at: 0), Self.hasMagic(bytes, at: bytes.count &- 6) else {
            throw FrameError("not an Arrow file: ARROW1 must stand at both ends (the stream format is not accepted)")
        }
        let length = Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: bytes.count &- 10, as: Int32.self)))
        guard length > 0, length <= bytes.count &- 18 else {
            throw FrameError("the footer length \(length) does not fit the file of \(bytes.count) bytes")
        }
        let end = bytes.count &- 10
        let footer = FlatBuffer(bytes: UnsafeRawBufferPointer(rebasing: bytes[(end &- length)..<end]))
        self.bytes = bytes
        streamPart = 8..<max(8, end &- length)
        do throws(FrameError) {
            let root = try footer.root()
            guard let schema = try root.table(1) else { throw FrameError("it has no schema") }
            guard try schema.number(0, default: Int16(0)) == 0 else {
                throw FrameError("big endian data is not accepted")
            }
            guard try root.vector(2, stride: 24).count == 0 else {
                throw FrameError("dictionary encoded columns are not accepted; send the values themselves")
            }
            self.schema = schema
            blocks = try root.vector(3, stride: 24)
        } catch {
            throw error.prefixed("footer")
        }
    }

    private static func hasMagic(_ bytes: UnsafeRawBufferPointer, at place: Int) -> Bool {
        let magic: StaticString = "ARROW1"
        for offset in 0..<6 where bytes[place &+ offset] != magic.utf8Start[offset] { return false }
        return true
    }

    /// A record batch: its table and the bytes of its body.
    struct Batch {
        let table: FlatTable
        let body: UnsafeRawBufferPointer
    }

    /// Reads the message of record batch `index` (below `batchCount`).
    func batch(_ index: Int) throws(FrameError) -> Batch {
        let offset = try blocks.number(index, at: 0, as: Int64.self)
        let head = Int64(try blocks.number(index, at: 8, as: Int32.self))
        let bodySize = try blocks.number(index, at: 16, as: Int64.self)
        let size = Int64(bytes.count)
        guard offset >= 0, head >= 8, bodySize >= 0, offset <= size, head <= size &- offset,
            bodySize <= size &- offset &- head
        else {
            throw FrameError("the block (\(offset), \(head), \(bodySize)) lies outside the file of \(size) bytes")
        }
        let start = Int(offset)
        let bodyStart = start &+ Int(head)
        // Files from before Arrow 0.15 have the length alone, without the continuation word.
        let marker = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self))
        let prefix = marker == .max ? 8 : 4
        let message = FlatBuffer(
            bytes: UnsafeRawBufferPointer(rebasing: bytes[(start &+ prefix)..<bodyStart]))
        let root = try message.root()
        guard try root.number(1, default: UInt8(0)) == 3, let table = try root.table(2) else {
            throw FrameError("the block at \(offset) is not a record batch")
        }
        return Batch(
            table: table, body: UnsafeRawBufferPointer(rebasing: bytes[bodyStart..<(bodyStart &+ Int(bodySize))]))
    }
}
