/// All objects of a kind as they were at one version; nothing changes it any more.
package struct KindState: Sendable {
    /// The version of the store that it shows.
    package let version: Int
    /// The number of the first event that is not in it.
    package let number: Int
    let objects: SortedMap

    /// How many objects there are in all namespaces.
    package var count: Int { objects.count }

    /// One object.
    package func find(namespace: String, name: String) -> StoredObject? {
        objects.find(namespace: namespace, name: name)
    }

    /// The objects in their order.
    ///
    /// - Parameters:
    ///   - namespace: nil for all of them.
    ///   - place: where a walk ended before; it goes on behind it.
    package func walk(namespace: String? = nil, after place: ObjectKey? = nil) -> Walk {
        Walk(objects, namespace: namespace, after: place.map { ($0.namespace, $0.name) })
    }

    /// How many objects follow a place.
    package func count(namespace: String?, after place: ObjectKey) -> Int {
        let before = objects.prefixCount {
            !SortedMap.precedes((place.namespace, place.name), ($0.namespace, $0.name))
        }
        let end = namespace.map { last in objects.prefixCount { $0.namespace <= last } } ?? objects.count
        return max(0, end - before)
    }

    /// Goes over objects in their order; it holds the state, and memory for its depth only.
    package struct Walk: Sendable, IteratorProtocol {
        private var path: [SortedMap.Node] = []
        private let namespace: String?

        fileprivate init(_ map: SortedMap, namespace: String?, after place: (namespace: String, name: String)?) {
            self.namespace = namespace
            // No name is empty, so this is where a namespace begins.
            let start = place ?? namespace.map { ($0, "") }
            var node = map.root
            while let here = node {
                let key = here.object.key
                if let start, !SortedMap.precedes(start, (key.namespace, key.name)) {
                    node = here.right
                } else {
                    path.append(here)
                    node = here.left
                }
            }
        }

        /// The next object; nil at the end.
        package mutating func next() -> StoredObject? {
            guard let here = path.popLast() else { return nil }
            if let namespace, here.object.key.namespace != namespace {
                path = []
                return nil
            }
            var node = here.right
            while let below = node {
                path.append(below)
                node = below.left
            }
            return here.object
        }
    }
}
