/// A JSON value made ready to be compared with others: sorted keys, a digest and a size for every part of it.
struct JSONNode {
    struct Member {
        let key: String
        let node: JSONNode
    }

    enum Content {
        case scalar
        case array([JSONNode])
        case object([Member])
    }

    let value: JSONValue
    let content: Content
    /// Equal for values that mean the same; seeded anew in each process, so nobody can prepare values that collide.
    let digest: Int
    /// About as many bytes as the JSON text has.
    let size: Int

    // Recursive: a value is as deep as the parser let it become.
    init(_ value: JSONValue) {
        self.value = value
        var hasher = Hasher()
        switch value {
        case .null:
            (content, size) = (.scalar, 4)
            hasher.combine(0)
        case .bool(let flag):
            (content, size) = (.scalar, 5)
            hasher.combine(flag ? 1 : 2)
        case .number(let number):
            (content, size) = (.scalar, number.text.utf8.count)
            hasher.combine(3)
            if let decimal = Decimal(number.text.utf8) {
                hasher.combine(decimal.isNegative)
                hasher.combine(decimal.digits)
                hasher.combine(decimal.exponent)
            } else {
                hasher.combine(number.text)
            }
        case .string(let text):
            (content, size) = (.scalar, text.utf8.count + 2)
            hasher.combine(4)
            hasher.combine(text)
        case .array(let list):
            let nodes = list.map { JSONNode($0) }
            hasher.combine(5)
            hasher.combine(nodes.count)
            for node in nodes { hasher.combine(node.digest) }
            content = .array(nodes)
            size = nodes.reduce(2) { $0 + $1.size + 1 }
        case .object(let object):
            let members = object.map { Member(key: $0.key, node: JSONNode($0.value)) }
                .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            hasher.combine(6)
            hasher.combine(members.count)
            for member in members {
                hasher.combine(member.key)
                hasher.combine(member.node.digest)
            }
            content = .object(members)
            size = members.reduce(2) { $0 + $1.key.utf8.count + $1.node.size + 4 }
        }
        digest = hasher.finalize()
    }

    /// Whether both mean the same: numbers by value, strings and keys byte by byte, objects in any order.
    ///
    /// Values with different digests are told apart at once; only equal ones are gone through.
    func isSame(as other: JSONNode) -> Bool {
        guard digest == other.digest else { return false }
        switch (content, other.content) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && zip(left, right).allSatisfy { $0.key.isIdentical(to: $1.key) && $0.node.isSame(as: $1.node) }
        case (.scalar, .scalar):
            switch (value, other.value) {
            case (.number(let left), .number(let right)): return left.hasSameValue(as: right)
            default: return value == other.value
            }
        default: return false
        }
    }
}

extension JSONNode: Hashable {
    static func == (left: JSONNode, right: JSONNode) -> Bool { left.isSame(as: right) }
    func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension [JSONNode.Member] {
    /// Walks over the members of two objects by key; one side is nil where only the other has the key.
    func merged(with other: [JSONNode.Member], _ body: (String, JSONNode?, JSONNode?) -> Void) {
        var (left, right) = (0, 0)
        while left < count || right < other.count {
            let hasLeft = left < count
            let hasRight = right < other.count
            if hasLeft, !hasRight || self[left].key.utf8.lexicographicallyPrecedes(other[right].key.utf8) {
                body(self[left].key, self[left].node, nil)
                left += 1
            } else if hasRight, !hasLeft || other[right].key.utf8.lexicographicallyPrecedes(self[left].key.utf8) {
                body(other[right].key, nil, other[right].node)
                right += 1
            } else {
                body(self[left].key, self[left].node, other[right].node)
                left += 1
                right += 1
            }
        }
    }
}
