import Bytes
import Storage
import SystemKit

/// The text of a list, piece by piece: no more of it than a piece is ever in memory.
struct ListSource: PieceSource {
    /// The media type.
    let contentType: String
    private let renderer: Renderer
    private var items: ListItems
    private var text: Text
    /// Whether the last piece was made.
    private(set) var isAtEnd = false
    private let now = WallClock.milliseconds()

    private enum Text: Sendable {
        case json(JSONListWriter)
        case yaml(YAMLListWriter)
    }

    /// A list.
    ///
    /// - Parameter metadata: that of the list itself.
    init(_ renderer: Renderer, _ items: ListItems, metadata: JSONValue) {
        self.renderer = renderer
        self.items = items
        let (envelope, member) = renderer.envelope(metadata)
        if renderer.rendering == .yaml {
            contentType = "application/yaml"
            text = .yaml(YAMLListWriter(envelope, member: member))
        } else {
            contentType = "application/json"
            text = .json(JSONListWriter(envelope, member: member, style: renderer.pretty ? .indented : .compact))
        }
    }

    /// The next piece.
    mutating func next() -> [UInt8]? {
        guard !isAtEnd else { return nil }
        switch text {
        case .json(var writer):
            text = .json(JSONListWriter(.emptyObject, member: ""))
            fill(&writer)
            defer { text = .json(writer) }
            return isAtEnd ? writer.finish() + [0x0A] : writer.take()
        case .yaml(var writer):
            while writer.count < Pieces.size, !isAtEnd {
                if let item = items.next() { writer.append(item.body) } else { isAtEnd = true }
            }
            defer { text = .yaml(writer) }
            return isAtEnd ? writer.finish() : writer.take()
        }
    }

    private mutating func fill(_ writer: inout JSONListWriter) {
        let asStored = renderer.writesAsStored
        while writer.waiting < Pieces.size {
            guard let item = items.next() else {
                isAtEnd = true
                return
            }
            if asStored {
                writer.appendText { out in item.pieces { out.append(contentsOf: $0) } }
            } else {
                writer.append(renderer.entry(item.body, nowMS: now))
            }
        }
    }
}

/// Writes an object with a long list in it as YAML, entry by entry.
struct YAMLListWriter: Sendable {
    private var out: [UInt8]
    private let member: String
    private var isEmpty = true

    /// Begins the object.
    init(_ envelope: JSONValue, member: String) {
        var envelope = envelope
        envelope[member] = nil
        out = Array(YAMLText.write(envelope).utf8)
        self.member = member
    }

    /// How many bytes wait to be taken.
    var count: Int { out.count }

    /// Adds an entry.
    mutating func append(_ entry: JSONValue) {
        if isEmpty { out += "\(member):\n".utf8 }
        isEmpty = false
        // A list may stand at the margin of the field that it is the value of.
        out += YAMLText.write(.array([entry])).utf8
    }

    /// What was written since the last call.
    mutating func take() -> [UInt8] {
        defer { out = [] }
        return out
    }

    /// Ends the object.
    mutating func finish() -> [UInt8] {
        if isEmpty { out += "\(member): []\n".utf8 }
        return take()
    }
}
