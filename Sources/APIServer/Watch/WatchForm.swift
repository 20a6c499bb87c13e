import Bytes
import DataPlaneAPI
import NIOCore
import Storage

/// How a watch's lines are written: what watches of the same form share.
struct WatchForm: Sendable {
    private let renderer: Renderer
    /// The kind that is shown.
    var definition: ResourceDefinition { renderer.definition }
    /// The name of the form: equal names, equal lines.
    let name: String

    /// The names of its lines, by what they say happened.
    private let lineNames: [Kind: String]

    init(_ renderer: Renderer) {
        self.renderer = renderer
        let name = "\(renderer.definition.apiVersion) \(renderer.rendering) \(renderer.includeObject)"
        self.name = name
        lineNames = Dictionary(
            uniqueKeysWithValues: [Kind.added, .modified, .deleted].map { ($0, "\($0.rawValue) \(name)") })
    }

    /// Whether lines are made of objects as trees, not of their texts.
    var rendersTrees: Bool { renderer.rendering != .object }

    /// Whether lines hold times since something, so that they are not kept for watches that come by later; and the columns
    /// in the first line of a watch.
    var isTable: Bool { if case .table = renderer.rendering { true } else { false } }

    /// What happened to an object for those who see only what selectors choose.
    enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
        case bookmark = "BOOKMARK"
        case error = "ERROR"
    }

    /// The line of an event; nil if the selectors leave it out.
    ///
    /// - Parameter isNew: whether it has just happened: then all who hear of it are told the same ages.
    func line(_ event: Event, _ options: ListOptions, withColumns: Bool, isNew: Bool) -> ByteBuffer? {
        let isNow = event.kind != .deleted && options.matches(event.object)
        let wasBefore = event.previous.map { options.matches($0) } ?? false
        guard isNow || wasBefore else { return nil }
        let kind: Kind = isNow ? wasBefore ? .modified : .added : .deleted
        guard !withColumns, isNew || !isTable, let name = lineNames[kind] else {
            return line(kind, state(event, kind), withColumns: withColumns)
        }
        return event.rendering(name) { line(kind, state(event, kind), withColumns: false) }
    }

    /// What a line shows: of an object that is gone, or no longer chosen, the last state that was there to be seen.
    private func state(_ event: Event, _ kind: Kind) -> StoredObject {
        guard kind == .deleted, event.kind != .deleted, let previous = event.previous else { return event.object }
        return previous.numbered(event.version)
    }

    /// The line of an object.
    func line(_ kind: Kind, _ object: StoredObject, withColumns: Bool) -> ByteBuffer {
        guard renderer.rendering == .object else {
            return Self.line(kind, renderer.single(object.body, withColumns: withColumns))
        }
        var out = ByteBuffer()
        out.reserveCapacity(object.size + 40)
        out.writeString("{\"type\":\"\(kind.rawValue)\",\"object\":")
        object.pieces { out.writeBytes($0) }
        out.writeStaticString("}\n")
        return out
    }

    /// The line that says up to where a watch is.
    func bookmark(_ version: Int, endsInitialEvents: Bool, withColumns: Bool) -> ByteBuffer {
        var object: JSONValue = [
            "kind": .string(renderer.definition.kind), "apiVersion": .string(renderer.definition.apiVersion),
            "metadata": ["resourceVersion": .string(String(version)), "creationTimestamp": .null],
        ]
        if endsInitialEvents {
            object["metadata"]?["annotations"] = ["k8s.io/initial-events-end": "true"]
        }
        switch renderer.rendering {
        case .table: return Self.line(.bookmark, renderer.single(object, withColumns: withColumns))
        case .partial(let group):
            object["kind"] = "PartialObjectMetadata"
            object["apiVersion"] = .string("meta.k8s.io/\(group)")
        case .object, .yaml, .aggregatedDiscovery: break
        }
        return Self.line(.bookmark, object)
    }

    /// The line of an error, which is the last one.
    static func error(_ error: GatewayError) -> ByteBuffer {
        line(.error, (try? JSONValue.parse(StatusBody.failure(error))) ?? .emptyObject)
    }

    private static func line(_ kind: Kind, _ object: JSONValue) -> ByteBuffer {
        var bytes = (["type": .string(kind.rawValue), "object": object] as JSONValue).bytes()
        bytes.append(0x0A)
        return ByteBuffer(bytes: bytes)
    }
}
