import Bytes

/// Where JSON text goes: kept as a whole, or handed on in chunks while it grows, compact or indented.
package struct JSONOutput: ~Copyable {
    /// Takes over a chunk of text; chunks come in order and together are the text.
    package typealias Receiver = (consuming ByteChunk) -> Void

    /// The compact text that was not handed on yet.
    package var text: ByteWriter
    private var indented: ByteWriter
    private var indenter: JSONIndenter?
    private let receiver: Receiver?
    private let isWanted: (() -> Bool)?
    /// Whether nobody wants the text any more: writers stop at their next checkpoint, what they wrote is no JSON.
    package private(set) var isAbandoned = false
    private let chunkSize: Int
    // The size of the compact text from which something is to be done about it.
    private let mark: Int

    /// Compact text waits up to this size before it is indented.
    private static let indentBatch = 16_384

    /// Makes an output.
    ///
    /// With a receiver, text is handed on as soon as `chunkSize` bytes are there; without one it is kept for `take`.
    ///
    /// - Parameter isWanted: asked after each chunk whether to go on.
    package init(
        indents: Bool = false, chunkSize: Int = 262_144, receiver: Receiver? = nil, isWanted: (() -> Bool)? = nil
    ) {
        self.receiver = receiver
        self.isWanted = isWanted
        self.chunkSize = max(chunkSize, 1024)
        mark = indents ? Self.indentBatch : receiver == nil ? Int.max : self.chunkSize
        text = ByteWriter(capacity: 4096)
        indented = ByteWriter(capacity: indents ? 4096 : 64)
        indenter = indents ? JSONIndenter() : nil
    }

    /// Hands a chunk on when there is enough; writers call it between values.
    @inline(__always)
    package mutating func checkpoint() {
        if text.count >= mark { handOn() }
    }

    @inline(never)
    private mutating func handOn() {
        if indenter != nil {
            indent()
            guard let receiver, indented.count >= chunkSize else { return }
            receiver(indented.takeChunk(nextCapacity: chunkSize &+ chunkSize / 4))
        } else if let receiver, text.count >= chunkSize {
            receiver(text.takeChunk(nextCapacity: chunkSize &+ chunkSize / 4))
        }
        if let isWanted, !isWanted() { isAbandoned = true }
    }

    private mutating func indent() {
        guard var state = indenter else { return }
        text.withBytes { state.feed($0, to: &indented) }
        indenter = state
        text.removeAll()
    }

    /// Copies valid JSON text in pieces, so that a big one is handed on while it is copied.
    ///
    /// - Parameter isASCII: whether all bytes are ASCII; others are checked to be UTF-8 on the way.
    mutating func splice(_ json: UnsafeRawBufferPointer, isASCII: Bool) {
        guard isASCII else {
            text.appendJSONText(json)
            return checkpoint()
        }
        var start = 0
        while start < json.count {
            let end = min(json.count, start &+ 65_536)
            text.append(UnsafeRawBufferPointer(rebasing: json[start..<end]))
            checkpoint()
            if isAbandoned { return }
            start = end
        }
    }

    /// Hands the rest to the receiver.
    package mutating func finish() {
        if indenter != nil { indent() }
        guard let receiver else { return }
        if indenter != nil {
            if indented.count > 0 { receiver(indented.takeChunk(nextCapacity: 64)) }
        } else if text.count > 0 {
            receiver(text.takeChunk(nextCapacity: 64))
        }
    }

    /// The whole text of an output without receiver; call it after `finish`.
    package consuming func take() -> ByteChunk {
        indenter != nil ? indented.intoChunk() : text.intoChunk()
    }
}
