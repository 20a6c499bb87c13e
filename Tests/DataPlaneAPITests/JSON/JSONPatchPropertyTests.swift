import DataPlaneAPI
import Testing

@testable import Bytes

/// Generated pairs of documents: the patch from one to the other must give the other.
struct JSONPatchPropertyTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `applying the patch gives the target`(_ seed: UInt64) throws {
        var random = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15)
        for _ in 0..<2_000 {
            let old = random.document(depth: 4)
            // Half of them related, as a plugin's answer is.
            let new = Bool.random(using: &random) ? random.changed(old) : random.document(depth: 4)
            let patch = JSONPatch(from: old, to: new)
            let result = try patch.apply(to: old)
            try #require(result.isEquivalent(to: new), "\(old.text()) to \(new.text()) by \(patch)")
            // The patch means the same after its way over the wire.
            let read = try JSONPatch(try JSONValue.parse(patch.bytes()))
            try #require(read == patch, "\(String(decoding: patch.bytes(), as: UTF8.self))")
            try #require(patch.isEmpty == old.isEquivalent(to: new))
        }
    }

    @Test func `no operation can be left out`() throws {
        var random = Xorshift(state: 77)
        for _ in 0..<1_500 {
            let old = random.document(depth: 3)
            let new = random.changed(old)
            let patch = JSONPatch(from: old, to: new)
            for index in patch.operations.indices {
                var less = patch
                less.operations.remove(at: index)
                let result = try? less.apply(to: old)
                try #require(
                    result?.isEquivalent(to: new) != true,
                    "operation \(index) isn't needed: \(old.text()) to \(new.text())")
            }
        }
    }

    @Test func `the same documents give the same bytes and the order of keys has no part in it`() throws {
        var random = Xorshift(state: 5)
        for _ in 0..<500 {
            let old = random.document(depth: 4)
            let new = random.changed(old)
            let patch = JSONPatch(from: old, to: new).bytes()
            try #require(JSONPatch(from: old.reversed, to: new).bytes() == patch)
            // Values are written as they came: only the order of operations must not change.
            try #require(
                JSONPatch(from: old, to: new.reversed).operations.map(\.path)
                    == JSONPatch(from: old, to: new).operations.map(\.path))
        }
    }

    @Test func `arrays of scalars are aligned with the fewest operations or replaced`() throws {
        var random = Xorshift(state: 9)
        for _ in 0..<2_000 {
            let old = (0..<Int.random(in: 0...9, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            let new = (0..<Int.random(in: 0...9, using: &random)).map { _ in Int.random(in: 0...4, using: &random) }
            let patch = JSONPatch(from: .array(old.map { .int($0) }), to: .array(new.map { .int($0) }))
            let isWhole = patch.operations.count == 1 && patch.operations[0].path.tokens.isEmpty
            try #require(isWhole || patch.operations.count == Self.distance(old, new), "\(old) to \(new)")
        }
    }

    /// The edit distance with insertions, removals and replacements.
    private static func distance(_ old: [Int], _ new: [Int]) -> Int {
        var row = Array(0...new.count)
        for (index, before) in old.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, after) in new.enumerated() {
                let best = min(row[column] + 1, row[column + 1] + 1, diagonal + (before == after ? 0 : 1))
                diagonal = row[column + 1]
                row[column + 1] = best
            }
        }
        return row[new.count]
    }
}

extension JSONValue {
    /// The same value with the members of every object in reverse order.
    fileprivate var reversed: JSONValue {
        switch self {
        case .array(let list): return .array(list.map(\.reversed))
        case .object(let object):
            var result = JSONObject()
            for member in object.reversed() { result[member.key] = member.value.reversed }
            return .object(result)
        default: return self
        }
    }
}

extension Xorshift {
    private static let keys = ["a", "b", "c", "a/b", "~", "~1", "", "é", "e\u{301}", "\"", "\\", "0", "-", "name", "ﬁ"]
    private static let scalars: [JSONValue] = [
        .null, true, false, 0, 1, -1, "", "a", "b", "é", "e\u{301}", "\u{0}\n\"\\", 9_007_199_254_740_993,
        9_007_199_254_740_992,
    ]
    private static let numbers = ["1.0", "1e0", "1e400", "123456789012345678901234567890", "-0", "0.1", "1E-7"]

    mutating func document(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 6 : 2), using: &self) {
        case 0: return Self.scalars.randomElement(using: &self) ?? .null
        case 1: return JSONNumber(text: Self.numbers.randomElement(using: &self) ?? "0").map { .number($0) } ?? .null
        case 2, 3:
            return .array((0..<Int.random(in: 0...6, using: &self)).map { _ in document(depth: depth - 1) })
        default:
            var object = JSONObject()
            // More than a dozen members now and then: objects change how they find keys there.
            for _ in 0..<Int.random(in: 0...(depth == 4 ? 16 : 5), using: &self) {
                object[Self.keys.randomElement(using: &self) ?? ""] = document(depth: depth - 1)
            }
            return .object(object)
        }
    }

    /// The value with a few changes somewhere in it.
    mutating func changed(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(var list) where Int.random(in: 0...7, using: &self) > 0:
            for _ in 0...Int.random(in: 0...2, using: &self) {
                let place = Int.random(in: 0...list.count, using: &self)
                switch Int.random(in: 0...3, using: &self) {
                case 0: list.insert(document(depth: 1), at: place)
                case 1 where place < list.count: list.remove(at: place)
                case 2 where place < list.count: list[place] = changed(list[place])
                default: if !list.isEmpty { list.swapAt(min(place, list.count - 1), 0) }
                }
            }
            return .array(list)
        case .object(var object) where Int.random(in: 0...7, using: &self) > 0:
            for _ in 0...Int.random(in: 0...2, using: &self) {
                let key = object.keys.randomElement(using: &self) ?? "a"
                switch Int.random(in: 0...2, using: &self) {
                case 0: object[Self.keys.randomElement(using: &self) ?? ""] = document(depth: 1)
                case 1: object[key] = nil
                default: if let inner = object[key] { object[key] = changed(inner) }
                }
            }
            return .object(object)
        default: return document(depth: 2)
        }
    }
}
