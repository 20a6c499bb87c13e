import Synchronization

/// A handler that answers exchanges, as logs and metrics call it.
///
/// Each layer registers the names of its own; they are constants of the program, so there is a bounded set of them.
package struct HandlerName: Sendable, Hashable {
    private let name: StaticString
    /// The place in a table of all names.
    package let index: Int

    private static let registered = Mutex<[HandlerName]>([])

    /// Registers a name; the same one twice is the same handler.
    package static func register(_ name: StaticString) -> HandlerName {
        registered.withLock { all in
            if let known = all.first(where: { $0.rawValue == name.description }) { return known }
            let new = HandlerName(name: name, index: all.count)
            all.append(new)
            return new
        }
    }

    /// The name.
    package var rawValue: String { name.description }

    /// The same handler.
    package static func == (left: HandlerName, right: HandlerName) -> Bool { left.index == right.index }

    /// Feeds the place.
    package func hash(into hasher: inout Hasher) { hasher.combine(index) }

    /// All names that were used until now.
    package static var all: [HandlerName] { registered.withLock { $0 } }

    /// Refused before any handler.
    package static let none = register("none")
    /// Passed on to the upstream.
    package static let upstream = register("upstream")
}
