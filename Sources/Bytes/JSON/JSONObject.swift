/// The members of a JSON object in the order they were written, each key once; keys are told apart by their bytes.
///
/// Small objects are searched in line; from `indexedFrom` members on a dictionary finds the key.
package struct JSONObject: Sendable {
    /// One member.
    package struct Member: Sendable, Hashable {
        /// The member's name.
        package var key: String
        /// The member's value.
        package var value: JSONValue
    }

    /// A key as JSON compares it.
    private struct ByteKey: Hashable {
        let text: String
        init(_ text: String) { self.text = text }
        static func == (left: ByteKey, right: ByteKey) -> Bool { left.text.isIdentical(to: right.text) }
        func hash(into hasher: inout Hasher) { hasher.combine(text) }
    }

    private static let indexedFrom = 12
    private static let removedAtMost = 64

    private var members: [Member] = []
    /// Where each member was when it came or when the index was made; since then `removed` members have gone, so that it
    /// is there or up to so many places before.
    private var positions: [ByteKey: Int] = [:]
    private var removed = 0

    /// Creates an empty object.
    package init() {}

    /// The value of a key; setting nil removes the member, setting an existing key keeps its place.
    package subscript(key: String) -> JSONValue? {
        get {
            guard let position = position(of: key) else { return nil }
            return members[position].value
        }
        set {
            guard let newValue else { return remove(key) }
            if let position = position(of: key) {
                members[position].value = newValue
            } else {
                append(key, newValue)
            }
        }
    }

    /// Whether there is a member of this name.
    package func contains(_ key: String) -> Bool { position(of: key) != nil }

    /// The names of the members in order.
    package var keys: [String] { members.map(\.key) }

    /// Makes room for members to come.
    mutating func reserve(_ count: Int) { members.reserveCapacity(count) }

    /// Adds a member unless its key is there already; returns whether it is.
    mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        if position(of: key) != nil { return true }
        append(key, value)
        return false
    }

    /// Adds a member whose key is known to be new.
    mutating func append(_ key: String, _ value: JSONValue) {
        members.append(Member(key: key, value: value))
        if members.count == Self.indexedFrom {
            reindex()
        } else if members.count > Self.indexedFrom {
            positions[ByteKey(key)] = members.count - 1
        }
    }

    @inline(__always)
    private func position(of key: String) -> Int? {
        guard members.count >= Self.indexedFrom else { return members.firstIndex { $0.key.isIdentical(to: key) } }
        guard let latest = positions[ByteKey(key)] else { return nil }
        if removed == 0 { return latest }
        let places = Swift.max(latest - removed, 0)..<Swift.min(latest + 1, members.count)
        return places.last { members[$0].key.isIdentical(to: key) }
    }

    private mutating func remove(_ key: String) {
        guard let position = position(of: key) else { return }
        members.remove(at: position)
        positions[ByteKey(key)] = nil
        removed += 1
        // A new index costs as much as the object has members: not for every one that goes.
        if removed > Self.removedAtMost || members.count < Self.indexedFrom { reindex() }
    }

    private mutating func reindex() {
        removed = 0
        positions.removeAll(keepingCapacity: true)
        guard members.count >= Self.indexedFrom else { return }
        for (position, member) in members.enumerated() { positions[ByteKey(member.key)] = position }
    }
}

extension JSONObject: RandomAccessCollection {
    /// The position of the first member.
    package var startIndex: Int { 0 }
    /// The position after the last member.
    package var endIndex: Int { members.count }
    /// The member at a position.
    package subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    /// Equal members, in any order.
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }

    /// Feeds the members in a way that doesn't depend on their order.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        hasher.combine(members.reduce(0) { $0 ^ $1.hashValue })
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// Creates an object; of equal keys the last wins.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        for (key, value) in elements { self[key] = value }
    }
}

extension String {
    /// Whether both are the same bytes; `==` also holds for texts that only look the same, composed and decomposed.
    @inline(__always)
    func isIdentical(to other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}
