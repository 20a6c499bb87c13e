import DataPlaneAPI
import Storage
import Synchronization

/// The kinds that are served at one time.
package struct Kinds: Sendable {
    /// A group and its versions.
    struct Group: Sendable {
        let name: String
        var versions: [String]
    }

    /// The kinds, in the order discovery shows them.
    package let definitions: [ResourceDefinition]
    /// The groups, in order.
    let groups: [Group]
    private let places: [String: Int]

    /// A snapshot of kinds.
    package init(_ definitions: [ResourceDefinition] = []) {
        self.definitions = definitions
        var groups: [Group] = []
        var places: [String: Int] = [:]
        for (index, definition) in definitions.enumerated() {
            places[Self.place(definition.group, definition.version, definition.plural)] = index
            if let group = groups.firstIndex(where: { $0.name == definition.group }) {
                if !groups[group].versions.contains(definition.version) {
                    groups[group].versions.append(definition.version)
                }
            } else {
                groups.append(Group(name: definition.group, versions: [definition.version]))
            }
        }
        self.groups = groups
        self.places = places
    }

    private static func place(_ group: String, _ version: String, _ plural: String) -> String {
        "\(group)/\(version)/\(plural)"
    }

    /// The kind behind a path.
    package func find(group: String, version: String, plural: String) -> ResourceDefinition? {
        places[Self.place(group, version, plural)].map { definitions[$0] }
    }

    /// Whether there is a kind in a group, by the bytes of a path.
    func hasGroup(_ name: ArraySlice<UInt8>) -> Bool { groups.contains { $0.name.utf8.elementsEqual(name) } }

    /// The kind of the core group behind a path.
    func findCore(plural: String) -> ResourceDefinition? { CoreKinds.all.first { $0.plural == plural } }

    /// The kind of an object.
    package func find(apiVersion: String, kind: String) -> ResourceDefinition? {
        definitions.first { $0.apiVersion == apiVersion && $0.kind == kind }
    }

    /// Whether objects of a kind are served in some version.
    func serves(_ id: ResourceID) -> Bool {
        definitions.contains { $0.id == id } || CoreKinds.all.contains { $0.id == id }
    }
}

/// The kinds that are served now; they come and go while the gateway runs.
package final class KindRegistry: Sendable {
    private let current: Mutex<Kinds>
    private let published = Atomic<Int>(0)
    private let observers = Mutex<[@Sendable () -> Void]>([])

    /// A registry that begins with these.
    package init(_ definitions: [ResourceDefinition] = []) { current = Mutex(Kinds(definitions)) }

    /// The kinds that are served now.
    package var kinds: Kinds { current.withLock { $0 } }

    /// How often others were published: whoever keeps a copy of the kinds takes a new one when this has changed.
    var version: Int { published.load(ordering: .acquiring) }

    /// Serves other kinds from now on; watches of those that are gone end.
    package func publish(_ kinds: Kinds) {
        current.withLock { $0 = kinds }
        published.add(1, ordering: .releasing)
        for wake in observers.withLock({ $0 }) { wake() }
    }

    /// Calls `wake` whenever other kinds are served.
    func observe(_ wake: @escaping @Sendable () -> Void) { observers.withLock { $0.append(wake) } }
}
