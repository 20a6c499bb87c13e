import Storage

/// The objects that a list shows, in order.
enum ListItems: Sendable {
    /// All that a walk comes by and the selectors choose.
    case walk(KindState.Walk, ListOptions)
    /// These.
    case chosen(ArraySlice<StoredObject>)

    /// The next object; nil at the end.
    mutating func next() -> StoredObject? {
        switch self {
        case .walk(var walk, let options):
            defer { self = .walk(walk, options) }
            while let object = walk.next() {
                if options.matches(object) { return object }
            }
            return nil
        case .chosen(var objects):
            defer { self = .chosen(objects) }
            return objects.popFirst()
        }
    }
}
