import Testing

@testable import DataPlane

/// Whose conditions are looked at next.
struct ConditionQueueTests {
    @Test func `what was just changed comes first, and everybody once`() {
        var queue = ConditionQueue()
        for name in ["a", "b", "c", "a"] { queue.add(name, isUrgent: false) }
        #expect(queue.take(atMost: 1) == .init(names: ["a"], isUrgent: false))
        queue.add("c", isUrgent: true)
        queue.add("d", isUrgent: true)
        queue.add("d", isUrgent: false)
        #expect(queue.take(atMost: 9) == .init(names: ["c", "d"], isUrgent: true))
        #expect(queue.take(atMost: 9) == .init(names: ["b"], isUrgent: false))
        #expect(queue.isEmpty && queue.take(atMost: 9).names.isEmpty)
    }

    @Test func `one that was taken may come again`() {
        var queue = ConditionQueue()
        for isUrgent in [true, false, true] {
            queue.add("a", isUrgent: isUrgent)
            #expect(queue.take(atMost: 2) == .init(names: ["a"], isUrgent: isUrgent))
        }
        // It became urgent while it waited, was taken, and waits again: once.
        queue.add("a", isUrgent: false)
        queue.add("a", isUrgent: true)
        #expect(queue.take(atMost: 2).names == ["a"])
        queue.add("a", isUrgent: false)
        #expect(queue.take(atMost: 2).names == ["a"])
        #expect(queue.take(atMost: 2).names.isEmpty)
    }

    @Test func `order is kept however many wait`() {
        var queue = ConditionQueue()
        let names = (0..<1_000).map { "o\($0)" }
        for name in names { queue.add(name, isUrgent: false) }
        var taken: [String] = []
        while !queue.isEmpty { taken += queue.take(atMost: 16).names }
        #expect(taken == names)
    }
}
