import Synchronization

/// One committed change as watches see it.
package final class Event: Sendable {
    /// What happened.
    package enum Kind: Sendable {
        case added, modified, deleted
    }

    /// What happened.
    package let kind: Kind
    /// The state after the change; of a deleted object the last one, with the version of the deletion.
    package let object: StoredObject
    /// The state before the change; nil for a new object.
    package let previous: StoredObject?
    private let renderings = Mutex<[String: any Sendable]>([:])

    init(_ kind: Kind, _ object: StoredObject, previous: StoredObject?) {
        self.kind = kind
        self.object = object
        self.previous = previous
    }

    /// The version of the change.
    package var version: Int { object.version }

    /// What the event looks like in one form: made once, by whoever asks first, and shared from then on.
    ///
    /// - Parameter form: the name of the form; one name always has the same type of value.
    package func rendering<Value: Sendable>(_ form: String, _ make: () -> Value) -> Value {
        renderings.withLock { made in
            if let value = made[form] as? Value { return value }
            let value = make()
            made[form] = value
            return value
        }
    }

    /// Gives the renderings back: watches that are this far behind have theirs made again.
    func forgetRenderings() { renderings.withLock { $0 = [:] } }

    /// What it keeps alive that the present state doesn't.
    var oldBytes: Int { (previous?.size ?? 0) + (kind == .deleted ? object.size : 0) }
}
