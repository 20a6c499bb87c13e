import HTTPKit
import NIOCore
import Testing

@testable import PluginBridge

/// What comes for many listeners, in turns.
struct FanOutTests {
    private final class Listener: GroupListener {
        var got: [String] = []
        var whenServed: () -> Void = {}

        func deliver(_ message: StreamMessage) {
            got.append("\(message.number)")
            whenServed()
        }
        func end(_ ending: StreamEnding) { got.append("end") }
        func beat(now: Int) { got.append("beat") }
    }

    /// A loop that does its later work when it is told to.
    private final class Bench {
        var later: [() -> Void] = []
        var done: [UInt64] = []
        private(set) lazy var fanOut = FanOut { [unowned self] in
            later.append($0)
        } done: { [unowned self] _, message in
            done.append(message.number)
        }

        func turn() {
            let work = later
            later = []
            for body in work { body() }
        }
        func run() { while !later.isEmpty { turn() } }
    }

    private let bench = Bench()

    private func group(_ count: Int) -> (ListenerGroup, [Listener]) {
        let group = ListenerGroup(feed: 1, home: 0)
        let listeners = (0..<count).map { _ in Listener() }
        for listener in listeners { group.add(listener, seen: 0) }
        return (group, listeners)
    }

    private func message(_ number: UInt64) -> StreamMessage {
        StreamMessage(ByteBuffer(string: "1"), number: number, id: nil, isFull: false, formats: [])
    }

    @Test func `a few have a message at once`() {
        let (group, listeners) = group(FanOut.turn)
        bench.fanOut.deliver(message(1), to: group)
        #expect(listeners.allSatisfy { $0.got == ["1"] } && bench.done == [1] && bench.later.isEmpty)
    }

    @Test func `of many so many are served, then others have their turn`() {
        let (group, listeners) = group(10_000)
        bench.fanOut.deliver(message(1), to: group)
        #expect(listeners.count { !$0.got.isEmpty } == FanOut.turn && bench.later.count == 1 && bench.done.isEmpty)
        bench.turn()
        #expect(listeners.count { !$0.got.isEmpty } == 2 * FanOut.turn && bench.later.count == 1)
        bench.run()
        #expect(listeners.allSatisfy { $0.got == ["1"] } && bench.done == [1])
    }

    @Test func `everybody gets everything in order, also what comes meanwhile`() {
        let (group, listeners) = group(1000)
        bench.fanOut.deliver(message(1), to: group)
        bench.turn()
        bench.fanOut.deliver(message(2), to: group)
        bench.fanOut.beat(now: 0, group)
        bench.fanOut.end(.finished, group)
        bench.run()
        #expect(listeners.allSatisfy { $0.got == ["1", "2", "beat", "end"] } && bench.done == [1, 2])
    }

    @Test func `who leaves in between gets nothing more, the others theirs`() {
        let (group, listeners) = group(1000)
        bench.fanOut.deliver(message(1), to: group)
        // One that was served, one that wasn't, and the next one, by one that is being served.
        for index in [0, 999] { #expect(group.remove(listeners[index])) }
        listeners[64].whenServed = {
            #expect(group.remove(listeners[65]))
            listeners[64].whenServed = {}
        }
        bench.fanOut.deliver(message(2), to: group)
        bench.run()
        #expect(!group.remove(listeners[65]) && group.count == 997)
        for (index, listener) in listeners.enumerated() {
            let wanted: [String] =
                switch index {
                case 0: ["1"]
                case 65, 999: []
                default: ["1", "2"]
                }
            #expect(listener.got == wanted, "\(index)")
        }
    }

    @Test func `who leaves a group that ends isn't told of the end`() {
        let (group, listeners) = group(200)
        bench.fanOut.end(.goingAway, group)
        #expect(group.isEnding && group.remove(listeners[199]))
        bench.run()
        #expect(listeners[199].got.isEmpty && listeners[198].got == ["end"])
    }

    @Test func `who joins in between gets what came after its beginning`() {
        let (group, _) = group(200)
        bench.fanOut.deliver(message(1), to: group)
        bench.fanOut.deliver(message(2), to: group)
        // The home loop had sent both when this one joined, and gave the first along.
        let late = Listener()
        group.add(late, seen: 1)
        bench.fanOut.deliver(message(3), to: group)
        bench.run()
        #expect(late.got == ["2", "3"] && bench.done == [1, 2, 3])
    }

    @Test func `several streams take turns`() {
        let (large, many) = group(1000)
        let (small, few) = group(2)
        bench.fanOut.deliver(message(1), to: large)
        bench.fanOut.deliver(message(1), to: small)
        bench.turn()
        bench.turn()
        #expect(few.allSatisfy { $0.got == ["1"] } && many.contains { $0.got.isEmpty })
        bench.run()
        #expect(many.allSatisfy { $0.got == ["1"] })
    }

    @Test func `places of those who left are closed when nobody is being served`() {
        let (group, listeners) = group(1000)
        for listener in listeners.dropLast(3) { #expect(group.remove(listener)) }
        bench.fanOut.deliver(message(1), to: group)
        #expect(bench.later.isEmpty && listeners.suffix(3).allSatisfy { $0.got == ["1"] } && group.count == 3)
        #expect(group.remove(listeners[998]) && !group.remove(listeners[998]))
    }
}
