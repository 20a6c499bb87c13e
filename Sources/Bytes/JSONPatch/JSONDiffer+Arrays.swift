/// One step along two arrays.
enum ArrayEdit: Hashable {
    /// So many entries are the same.
    case keep(Int)
    /// An entry becomes another: their indexes.
    case change(Int, Int)
    /// The next old entry goes.
    case remove
    /// A new entry comes: its index.
    case add(Int)
}

extension JSONDiffer {
    /// How the entries of two arrays belong together.
    mutating func alignment(_ old: [JSONNode], _ new: [JSONNode], pathLength: Int) -> [ArrayEdit] {
        var numbers: [JSONNode: Int] = [:]
        // Equal entries get equal numbers: what follows compares numbers.
        func number(_ node: JSONNode) -> Int {
            if let known = numbers[node] { return known }
            numbers[node] = numbers.count
            return numbers.count - 1
        }
        let aligner = ArrayAligner(
            old: old, new: new, oldNumbers: old.map(number), newNumbers: new.map(number), pathLength: pathLength)
        var edits: [ArrayEdit] = []
        aligner.align(0..<old.count, 0..<new.count, anchors: true, budget: &budget, into: &edits)
        return edits
    }
}

/// Pairs the entries of two arrays.
private struct ArrayAligner {
    let old: [JSONNode]
    let new: [JSONNode]
    let oldNumbers: [Int]
    let newNumbers: [Int]
    /// What the path adds to every operation.
    let pathLength: Int

    /// Cuts off what is the same at both ends and finds the cheapest way through the middle; where that would take too
    /// long, splits at entries that are unique on both sides, and pairs the rest one by one.
    func align(
        _ oldRange: Range<Int>, _ newRange: Range<Int>, anchors: Bool, budget: inout Int, into edits: inout [ArrayEdit]
    ) {
        var (oldRange, newRange) = (oldRange, newRange)
        var (head, tail) = (0, 0)
        while let first = oldRange.first, let other = newRange.first, oldNumbers[first] == newNumbers[other] {
            head += 1
            oldRange = (first + 1)..<oldRange.upperBound
            newRange = (other + 1)..<newRange.upperBound
        }
        while let last = oldRange.last, let other = newRange.last, oldNumbers[last] == newNumbers[other] {
            tail += 1
            oldRange = oldRange.lowerBound..<last
            newRange = newRange.lowerBound..<other
        }
        if head > 0 { edits.append(.keep(head)) }
        alignMiddle(oldRange, newRange, anchors: anchors, budget: &budget, into: &edits)
        if tail > 0 { edits.append(.keep(tail)) }
    }

    private func alignMiddle(
        _ oldRange: Range<Int>, _ newRange: Range<Int>, anchors: Bool, budget: inout Int, into edits: inout [ArrayEdit]
    ) {
        guard !oldRange.isEmpty, !newRange.isEmpty else {
            edits += oldRange.map { _ in .remove } + newRange.map { .add($0) }
            return
        }
        let price = price(oldRange, newRange)
        if price <= budget {
            budget -= price
            edits += cheapest(oldRange, newRange)
            return
        }
        let pairs = anchors ? commonUniques(oldRange, newRange) : []
        guard !pairs.isEmpty else {
            pairOneByOne(oldRange, newRange, into: &edits)
            return
        }
        var (oldStart, newStart) = (oldRange.lowerBound, newRange.lowerBound)
        for pair in pairs {
            align(oldStart..<pair.old, newStart..<pair.new, anchors: false, budget: &budget, into: &edits)
            edits.append(.keep(1))
            (oldStart, newStart) = (pair.old + 1, pair.new + 1)
        }
        align(
            oldStart..<oldRange.upperBound, newStart..<newRange.upperBound, anchors: false, budget: &budget,
            into: &edits)
    }

    private func pairOneByOne(_ oldRange: Range<Int>, _ newRange: Range<Int>, into edits: inout [ArrayEdit]) {
        for (before, after) in zip(oldRange, newRange) {
            edits.append(oldNumbers[before] == newNumbers[after] ? .keep(1) : .change(before, after))
        }
        edits += oldRange.dropFirst(newRange.count).map { _ in .remove }
        edits += newRange.dropFirst(oldRange.count).map { .add($0) }
    }

    // MARK: The cheapest way

    /// How many comparisons `cheapest` would take.
    private func price(_ oldRange: Range<Int>, _ newRange: Range<Int>) -> Int {
        let oldMembers = oldRange.reduce(0) { $0 + old[$1].partCount }
        let newMembers = newRange.reduce(0) { $0 + new[$1].partCount }
        let (first, overflow) = oldMembers.multipliedReportingOverflow(by: newRange.count)
        let (second, more) = newMembers.multipliedReportingOverflow(by: oldRange.count)
        return overflow || more ? .max : first.addingReportingOverflow(second).overflow ? .max : first + second
    }

    /// The edits with the least bytes: a table of the cost of each pair of beginnings, walked back from its end.
    private func cheapest(_ oldRange: Range<Int>, _ newRange: Range<Int>) -> [ArrayEdit] {
        let width = newRange.count + 1
        var costs = [Int](repeating: 0, count: (oldRange.count + 1) * width)
        for (column, after) in newRange.enumerated() { costs[column + 1] = costs[column] + addCost(after) }
        for (row, before) in oldRange.enumerated() {
            let base = (row + 1) * width
            costs[base] = costs[base - width] + removeCost
            for (column, after) in newRange.enumerated() {
                let paired = costs[base - width + column] + pairCost(before, after)
                let removed = costs[base - width + column + 1] + removeCost
                costs[base + column + 1] = min(paired, removed, costs[base + column] + addCost(after))
            }
        }
        var edits: [ArrayEdit] = []
        var (row, column) = (oldRange.count, newRange.count)
        while row > 0 || column > 0 {
            let cost = costs[row * width + column]
            let before = oldRange.lowerBound + row - 1
            let after = newRange.lowerBound + column - 1
            if row > 0, column > 0, cost == costs[(row - 1) * width + column - 1] + pairCost(before, after) {
                edits.append(oldNumbers[before] == newNumbers[after] ? .keep(1) : .change(before, after))
                row -= 1
                column -= 1
            } else if column > 0, cost == costs[row * width + column - 1] + addCost(after) {
                edits.append(.add(after))
                column -= 1
            } else {
                edits.append(.remove)
                row -= 1
            }
        }
        return edits.reversed()
    }

    private var removeCost: Int { JSONDiffer.Overhead.remove + pathLength }
    private func addCost(_ index: Int) -> Int { JSONDiffer.Overhead.add + pathLength + new[index].size }

    /// About what it takes to make one entry of another; looks one level deep.
    private func pairCost(_ before: Int, _ after: Int) -> Int {
        if oldNumbers[before] == newNumbers[after] { return 0 }
        let whole = JSONDiffer.Overhead.replace + pathLength + new[after].size
        switch (old[before].content, new[after].content) {
        case (.object(let left), .object(let right)):
            var sum = 0
            left.merged(with: right) { key, before, after in
                let path = pathLength + key.utf8.count + 1
                switch (before, after) {
                case (let before?, let after?):
                    if before.digest != after.digest { sum += JSONDiffer.Overhead.replace + path + after.size }
                case (_, let after?): sum += JSONDiffer.Overhead.add + path + after.size
                default: sum += JSONDiffer.Overhead.remove + path
                }
            }
            return min(whole, sum)
        case (.array(let left), .array(let right)):
            var same = 0
            for (left, right) in zip(left, right) {
                guard left.digest == right.digest else { break }
                same += right.size
            }
            for (left, right) in zip(left.reversed(), right.reversed()) {
                guard left.digest == right.digest else { break }
                same += right.size
            }
            return max(JSONDiffer.Overhead.remove + pathLength, whole - same)
        default: return whole
        }
    }

    // MARK: Anchors

    /// The longest row of entries that are unique on both sides and in the same order.
    private func commonUniques(_ oldRange: Range<Int>, _ newRange: Range<Int>) -> [(old: Int, new: Int)] {
        let places = Self.uniques(newRange, newNumbers)
        let common = Self.uniques(oldRange, oldNumbers).compactMap { number, index in
            places[number].map { (old: index, new: $0) }
        }.sorted { $0.old < $1.old }
        // Patience sorting: `ends` holds, for each length, the pair that ends the row with the lowest new index.
        var ends: [Int] = []
        var previous = [Int?](repeating: nil, count: common.count)
        for (index, pair) in common.enumerated() {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if common[ends[middle]].new < pair.new { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? ends[low - 1] : nil
            if low < ends.count { ends[low] = index } else { ends.append(index) }
        }
        var row: [(old: Int, new: Int)] = []
        var next = ends.last
        while let index = next {
            row.append(common[index])
            next = previous[index]
        }
        return row.reversed()
    }

    private static func uniques(_ range: Range<Int>, _ numbers: [Int]) -> [Int: Int] {
        var places: [Int: Int] = [:]
        var repeated: Set<Int> = []
        for index in range where places.updateValue(index, forKey: numbers[index]) != nil {
            repeated.insert(numbers[index])
        }
        return places.filter { !repeated.contains($0.key) }
    }
}

extension JSONNode {
    /// What comparing it one level deep costs.
    fileprivate var partCount: Int {
        switch content {
        case .scalar: 1
        case .array(let list): list.count + 1
        case .object(let members): members.count + 1
        }
    }
}
