import Testing

@testable import Storage

struct SortedMapTests {
    private func names(_ map: SortedMap, in namespace: String? = nil, after: ObjectKey? = nil) -> [String] {
        var walk = KindState(version: 0, number: 0, objects: map).walk(namespace: namespace, after: after)
        var names: [String] = []
        while let object = walk.next() { names.append("\(object.key.namespace)/\(object.key.name)") }
        return names
    }

    private func depth(_ node: SortedMap.Node?) -> Int { node.map { 1 + max(depth($0.left), depth($0.right)) } ?? 0 }

    @Test func `it holds what a dictionary would, in order, whatever comes and goes`() throws {
        var random = SystemRandomNumberGenerator()
        var map = SortedMap()
        var expected: [String: Int] = [:]
        for step in 0..<4_000 {
            let (namespace, name) = ("n\(Int.random(in: 0...3, using: &random))", "o\(Int.random(in: 0...200))")
            if Int.random(in: 0...2, using: &random) > 0 {
                map.insert(try Samples.object(name, in: namespace, version: step))
                expected["\(namespace)/\(name)"] = step
            } else {
                map.remove(namespace: namespace, name: name)
                expected["\(namespace)/\(name)"] = nil
            }
            #expect(map.find(namespace: namespace, name: name)?.version == expected["\(namespace)/\(name)"])
        }
        #expect(map.count == expected.count)
        #expect(names(map) == expected.keys.sorted())
        #expect(names(map, in: "n2") == expected.keys.filter { $0.hasPrefix("n2/") }.sorted())
    }

    @Test func `it stays flat when names come in order`() throws {
        var map = SortedMap()
        for number in 1_000..<3_000 { map.insert(try Samples.object("o\(number)")) }
        #expect(depth(map.root) <= 20)
        for number in 1_000..<2_900 { map.remove(namespace: "", name: "o\(number)") }
        #expect(map.count == 100 && depth(map.root) <= 12)
        #expect(depth(SortedMap(sorted: try (1_000..<2_000).map { try Samples.object("o\($0)") }).root) == 10)
    }

    @Test func `who holds a state sees nothing of later changes`() throws {
        var map = SortedMap()
        for name in ["a", "b", "c"] { map.insert(try Samples.object(name)) }
        let before = map
        map.remove(namespace: "", name: "b")
        map.insert(try Samples.object("d"))
        #expect(names(before) == ["/a", "/b", "/c"] && names(map) == ["/a", "/c", "/d"])
    }

    @Test func `a walk begins behind any place, and what follows is counted without walking`() throws {
        var map = SortedMap()
        for namespace in ["x", "y"] {
            for name in ["a", "b", "c"] { map.insert(try Samples.object(name, in: namespace)) }
        }
        let state = KindState(version: 0, number: 0, objects: map)
        #expect(names(map, after: Samples.key("b", in: "x")) == ["x/c", "y/a", "y/b", "y/c"])
        #expect(names(map, in: "x", after: Samples.key("b", in: "x")) == ["x/c"])
        #expect(names(map, in: "y", after: Samples.key("aa", in: "y")) == ["y/b", "y/c"])
        #expect(state.count(namespace: nil, after: Samples.key("b", in: "x")) == 4)
        #expect(state.count(namespace: "x", after: Samples.key("b", in: "x")) == 1)
        #expect(state.count(namespace: "y", after: Samples.key("c", in: "y")) == 0)
        #expect(names(map, in: "none").isEmpty)
    }
}
