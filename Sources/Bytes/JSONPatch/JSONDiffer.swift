/// Finds the operations that turn one value into another.
///
/// Costs are bytes of the patch's text. Paths stay linked parts until the end: a long key above many changes would
/// otherwise be copied for each of them.
struct JSONDiffer {
    /// The place of a value: the index of a part in `parts`.
    typealias Place = Int

    private struct Part {
        let parent: Place
        let token: String
        /// The bytes of the whole pointer's text.
        let length: Int
    }

    private struct Step {
        let verb: JSONPatch.Verb
        let place: Place
        let value: JSONValue?
    }

    /// What the text of an operation has besides path and value, with the comma before the next.
    enum Overhead {
        static let remove = 26
        static let add = 34
        static let replace = 38
    }

    /// How many bytes more than one new value its single changes may take: what people read is the single changes.
    private static let slack = 4_096

    private var parts = [Part(parent: 0, token: "", length: 0)]
    private var steps: [Step] = []
    private var cost = 0
    /// How much may still be compared to find the best alignment of arrays; afterwards a plain one does.
    var budget = 1_000_000

    /// The operations from one value to another, in an order that is the same each time.
    static func operations(from old: JSONValue, to new: JSONValue) -> [JSONPatch.Operation] {
        var differ = JSONDiffer()
        differ.compare(JSONNode(old), JSONNode(new), at: 0)
        return differ.steps.map { .init($0.verb, differ.pointer(to: $0.place), value: $0.value) }
    }

    private mutating func compare(_ old: JSONNode, _ new: JSONNode, at place: Place, inObject: Bool = false) {
        if old.isSame(as: new) { return }
        let start = (steps: steps.count, cost: cost)
        var limit = parts[place].length + Overhead.replace + new.size
        switch (old.content, new.content) {
        case (.object(let left), .object(let right)):
            limit += Self.slack
            left.merged(with: right) { key, before, after in
                switch (before, after) {
                case (let before?, let after?):
                    // The part is made only where something changed.
                    if !before.isSame(as: after) {
                        compare(before, after, at: part(key, of: place), inObject: true)
                    }
                case (_, let after?): emit(.add, part(key, of: place), after)
                default: emit(.remove, part(key, of: place), nil)
                }
            }
        case (.array(let left), .array(let right)):
            compareArrays(left, right, at: place)
        default:
            // `add` sets a member that is there as well as `replace`, also for appliers that take null for missing.
            return emit(inObject && old.value.isNull ? .add : .replace, place, new)
        }
        if cost - start.cost > limit || steps.count - start.steps > JSONPatch.operationLimit {
            steps.removeLast(steps.count - start.steps)
            cost = start.cost
            emit(.replace, place, new)
        }
    }

    private mutating func compareArrays(_ left: [JSONNode], _ right: [JSONNode], at place: Place) {
        let edits = alignment(left, right, pathLength: parts[place].length + 2)
        var index = 0
        for edit in edits {
            switch edit {
            case .keep(let count): index += count
            case .change(let old, let new):
                compare(left[old], right[new], at: part(String(index), of: place))
                index += 1
            case .remove: emit(.remove, part(String(index), of: place), nil)
            case .add(let new):
                emit(.add, part(String(index), of: place), right[new])
                index += 1
            }
        }
    }

    private mutating func emit(_ verb: JSONPatch.Verb, _ place: Place, _ node: JSONNode?) {
        steps.append(Step(verb: verb, place: place, value: node?.value))
        let overhead =
            switch verb {
            case .add: Overhead.add
            case .remove: Overhead.remove
            default: Overhead.replace
            }
        cost += overhead + parts[place].length + (node?.size ?? 0)
    }

    private mutating func part(_ token: String, of parent: Place) -> Place {
        let escapes = token.utf8.count { $0 == 0x7E || $0 == 0x2F }
        parts.append(
            Part(parent: parent, token: token, length: parts[parent].length + 1 + token.utf8.count + escapes))
        return parts.count - 1
    }

    private func pointer(to place: Place) -> JSONPointer {
        var tokens: [String] = []
        var place = place
        while place > 0 {
            tokens.append(parts[place].token)
            place = parts[place].parent
        }
        return JSONPointer(tokens.reversed())
    }
}

extension JSONPatch {
    /// Makes the patch that turns `old` into `new`.
    ///
    /// Only `add`, `remove` and `replace`; sorted by path within an object, by index within an array; nothing for parts
    /// that mean the same, where numbers are compared by their exact value (`1` and `1.0` are the same). Members are
    /// changed one by one; an array is replaced as a whole where that is shorter. At most `operationLimit` operations,
    /// and never much longer than `new` itself.
    package init(from old: JSONValue, to new: JSONValue) {
        self.init(operations: JSONDiffer.operations(from: old, to: new))
    }
}
