import APIServer
import DataPlaneAPI
import Storage

/// The stored DataPlaneServices as they were read last, brought in step by events; says what of it each step touches.
struct ServiceFollower {
    /// What a step comes to.
    struct Change {
        /// The groups and versions whose routes are others.
        var places: Set<GroupPlace> = []
        /// The objects that are others.
        var names: [String] = []
        /// Those whose backends have to be followed anew.
        var backends: [String] = []
        /// Those that can't be read, and why: what was known of them holds.
        var unreadable: [(name: String, error: GatewayError)] = []
    }

    /// What was read.
    private(set) var catalogue = ServiceCatalogue()
    /// The objects that it was read of: one that is the same needn't be read again.
    private var objects: [String: StoredObject] = [:]
    /// The number of the first event that was not looked at.
    private(set) var seen = 0

    /// Takes over events that follow each other; of an object the last one counts.
    mutating func take(_ events: [Event]) -> Change {
        seen += events.count
        var last: [String: Event] = [:]
        for event in events { last[event.object.key.name] = event }
        var change = Change()
        for (name, event) in last.sorted(by: { $0.key < $1.key }) {
            if event.kind == .deleted { remove(name, &change) } else { set(event.object, &change) }
        }
        return change
    }

    /// Takes over what is stored, whatever has happened.
    mutating func take(_ state: KindState) -> Change {
        var change = Change()
        var gone = Set(catalogue.names)
        var walk = state.walk()
        while let object = walk.next() {
            gone.remove(object.key.name)
            if objects[object.key.name] !== object { set(object, &change) }
        }
        for name in gone.sorted() { remove(name, &change) }
        seen = state.number
        return change
    }

    private mutating func set(_ object: StoredObject, _ change: inout Change) {
        let name = object.key.name
        objects[name] = object
        let service: DataPlaneService
        do throws(GatewayError) { service = try DataPlaneService(object.body) } catch {
            // What its kind accepted can be read: somebody else has written the store.
            return change.unreadable.append((name, error))
        }
        let places = catalogue.set(service)
        change.places.formUnion(places)
        change.names.append(name)
        if !places.isEmpty { change.backends.append(name) }
    }

    private mutating func remove(_ name: String, _ change: inout Change) {
        objects[name] = nil
        change.places.formUnion(catalogue.remove(name))
        change.backends.append(name)
    }
}
