import DataPlaneAPI
import NIOCore
import Storage

/// A watch that is about to begin.
struct WatchStart: Sendable {
    /// The kind that is watched.
    let kind: ResourceID
    /// Nil for all namespaces.
    let namespace: String?
    let form: WatchForm
    let options: ListOptions
    /// The state to show first; nil to begin with changes.
    var state: KindState?
    /// The number of the first event to deliver.
    var number = 0
    /// Why the watch can't start, told as an event.
    var error: GatewayError?
    /// Its place among those that may be open; nil with an error.
    var slot: Slot?
    /// What the state may have in memory, while it is shown.
    var listSlot: Slot?

    /// Whether events are read into trees to know whether, and how, they are shown.
    var readsTrees: Bool { form.rendersTrees || options.fields.readsTrees }

    /// How long the stream lasts, in seconds: what the client asks for, else half an hour to an hour.
    var seconds: Int {
        let wanted = options.timeoutSeconds ?? 0
        return wanted > 0 ? min(wanted, 86_400) : Int.random(in: 1_800...3_600)
    }

    /// What all watches of an audience have in common: neither a state, which would be kept with all its objects, nor places.
    var withoutState: WatchStart {
        var start = self
        (start.state, start.slot, start.listSlot) = (nil, nil, nil)
        return start
    }

    /// Watches with an equal one see the same lines.
    struct Audience: Hashable {
        let kind: ResourceID
        let namespace: String?
        let labels: LabelSelector
        let fields: FieldSelector
        let form: String
    }

    /// Those who see the same.
    var audience: Audience {
        Audience(
            kind: kind, namespace: namespace, labels: options.labels, fields: options.fields, form: form.name)
    }
}

/// The objects that are there when a watch begins, as lines.
struct StateLines: PieceSource {
    private let form: WatchForm
    private var items: ListItems
    private var isFirst = true
    private var isAtEnd = false

    init(_ form: WatchForm, _ items: ListItems) {
        self.form = form
        self.items = items
    }

    mutating func next() -> [UInt8]? {
        guard !isAtEnd else { return nil }
        var out: [UInt8] = []
        while out.count < Pieces.size {
            guard let item = items.next() else {
                isAtEnd = true
                break
            }
            out.append(contentsOf: form.line(.added, item, withColumns: isFirst).readableBytesView)
            isFirst = false
        }
        return out
    }
}
