/// A persistent map of a kind's objects, sorted by namespace and name: a change makes a new map that shares all but a few
/// nodes with the old one, so whoever holds a map holds a state that nothing changes any more.
///
/// A weight-balanced tree: sizes give counts without walking, and depth is logarithmic, so freeing recurses little.
struct SortedMap: Sendable {
    final class Node: Sendable {
        let object: StoredObject
        let left: Node?
        let right: Node?
        let count: Int

        init(_ object: StoredObject, _ left: Node?, _ right: Node?) {
            self.object = object
            self.left = left
            self.right = right
            count = 1 + (left?.count ?? 0) + (right?.count ?? 0)
        }
    }

    private(set) var root: Node?

    /// An empty map.
    init() {}

    /// A map of objects that are sorted already.
    init(sorted objects: [StoredObject]) { root = Self.built(objects[...]) }

    private static func built(_ objects: ArraySlice<StoredObject>) -> Node? {
        guard !objects.isEmpty else { return nil }
        let middle = objects.startIndex + objects.count / 2
        return Node(objects[middle], built(objects[..<middle]), built(objects[(middle + 1)...]))
    }

    /// How many objects there are.
    var count: Int { root?.count ?? 0 }

    /// Whether one place comes before another.
    static func precedes(_ left: (namespace: String, name: String), _ right: (namespace: String, name: String)) -> Bool
    {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }

    private static func place(_ node: Node) -> (namespace: String, name: String) {
        (node.object.key.namespace, node.object.key.name)
    }

    /// The object at a place.
    func find(namespace: String, name: String) -> StoredObject? {
        var node = root
        while let here = node {
            let key = here.object.key
            if key.name == name, key.namespace == namespace { return here.object }
            node = Self.precedes((namespace, name), Self.place(here)) ? here.left : here.right
        }
        return nil
    }

    /// How many objects, from the first on, satisfy something that holds for a beginning of the order.
    func prefixCount(_ holds: (ObjectKey) -> Bool) -> Int {
        var count = 0
        var node = root
        while let here = node {
            if holds(here.object.key) {
                count += 1 + (here.left?.count ?? 0)
                node = here.right
            } else {
                node = here.left
            }
        }
        return count
    }

    // MARK: Changing

    /// Puts an object in its place.
    mutating func insert(_ object: StoredObject) { root = Self.inserted(object, root) }

    /// Removes what is at a place.
    mutating func remove(namespace: String, name: String) { root = Self.removed((namespace, name), root) }

    private static func inserted(_ object: StoredObject, _ node: Node?) -> Node {
        guard let node else { return Node(object, nil, nil) }
        let place = (namespace: object.key.namespace, name: object.key.name)
        if precedes(place, Self.place(node)) {
            return balanced(node.object, inserted(object, node.left), node.right)
        }
        if precedes(Self.place(node), place) {
            return balanced(node.object, node.left, inserted(object, node.right))
        }
        return Node(object, node.left, node.right)
    }

    private static func removed(_ place: (namespace: String, name: String), _ node: Node?) -> Node? {
        guard let node else { return nil }
        if precedes(place, Self.place(node)) {
            let left = removed(place, node.left)
            return left === node.left ? node : balanced(node.object, left, node.right)
        }
        if precedes(Self.place(node), place) {
            let right = removed(place, node.right)
            return right === node.right ? node : balanced(node.object, node.left, right)
        }
        guard let left = node.left else { return node.right }
        guard let right = node.right else { return left }
        // The neighbour from the heavier side takes the place.
        if left.count > right.count {
            let (rest, last) = withoutLast(left)
            return balanced(last, rest, right)
        }
        let (first, rest) = withoutFirst(right)
        return balanced(first, left, rest)
    }

    private static func withoutLast(_ node: Node) -> (Node?, StoredObject) {
        guard let right = node.right else { return (node.left, node.object) }
        let (rest, last) = withoutLast(right)
        return (balanced(node.object, node.left, rest), last)
    }

    private static func withoutFirst(_ node: Node) -> (StoredObject, Node?) {
        guard let left = node.left else { return (node.object, node.right) }
        let (first, rest) = withoutFirst(left)
        return (first, balanced(node.object, rest, node.right))
    }

    /// A side may weigh three times the other one; beyond it a rotation mends it (Adams' trees, with 3 and 2).
    private static func balanced(_ object: StoredObject, _ left: Node?, _ right: Node?) -> Node {
        let (leftCount, rightCount) = (left?.count ?? 0, right?.count ?? 0)
        guard leftCount + rightCount > 1 else { return Node(object, left, right) }
        if let right, rightCount > 3 * leftCount {
            if let inner = right.left, inner.count >= 2 * (right.right?.count ?? 0) {
                return Node(
                    inner.object, Node(object, left, inner.left), Node(right.object, inner.right, right.right))
            }
            return Node(right.object, Node(object, left, right.left), right.right)
        }
        if let left, leftCount > 3 * rightCount {
            if let inner = left.right, inner.count >= 2 * (left.left?.count ?? 0) {
                return Node(inner.object, Node(left.object, left.left, inner.left), Node(object, inner.right, right))
            }
            return Node(left.object, left.left, Node(object, left.right, right))
        }
        return Node(object, left, right)
    }
}
