import NIOCore
import Synchronization

/// One value for each of several event loops; a value is only touched on its loop.
///
/// Finding one takes no lock. A loop may have several values: each listener has its own, for example.
package struct PerLoop<Value>: Sendable {
    private let all: [NIOLoopBound<Value>]

    private init(_ all: [NIOLoopBound<Value>]) { self.all = all }

    /// One value for every loop of a group, made on that loop.
    package static func make(
        _ group: any EventLoopGroup, _ make: @escaping @Sendable (any EventLoop) throws -> Value
    ) async throws -> PerLoop {
        var made: [NIOLoopBound<Value>] = []
        for loop in group.makeIterator() {
            made.append(try await loop.submit { NIOLoopBound(try make(loop), eventLoop: loop) }.get())
        }
        return PerLoop(made)
    }

    /// The same loops with values that are made of these, on their loops; in the same order.
    ///
    /// - Parameter make: gets the place of the loop in that order.
    package func map<Other>(_ make: @escaping @Sendable (Int, any EventLoop, Value) -> Other) async throws -> PerLoop<
        Other
    > {
        var made: [NIOLoopBound<Other>] = []
        for (index, bound) in all.enumerated() {
            let loop = bound.eventLoop
            made.append(try await loop.submit { NIOLoopBound(make(index, loop, bound.value), eventLoop: loop) }.get())
        }
        return PerLoop<Other>(made)
    }

    /// How many values there are.
    package var count: Int { all.count }

    /// The first value of a loop, nil for a loop without one; call on that loop.
    package func value(on loop: any EventLoop) -> Value? {
        all.first { $0.eventLoop === loop }?.value
    }

    /// Changes every value; returns when all of them are changed.
    package func onEvery(_ change: @escaping @Sendable (Value) -> Void) async {
        for bound in all { _ = try? await bound.eventLoop.submit { change(bound.value) }.get() }
    }

    /// Has every value changed and waits for none; of two calls one after the other, the second comes second on each loop.
    package func tellEvery(_ change: @escaping @Sendable (Value) -> Void) {
        for bound in all { bound.eventLoop.execute { change(bound.value) } }
    }

    /// What each loop answers, in the order of the loops.
    package func collect<R: Sendable>(_ ask: @escaping @Sendable (Value) -> R) async -> [R] {
        var answers: [R] = []
        for bound in all {
            if let answer = try? await bound.eventLoop.submit({ ask(bound.value) }).get() { answers.append(answer) }
        }
        return answers
    }

    /// Runs something with the value at a place; at once when it is this loop's, so that what comes from one loop arrives in
    /// order.
    package func run(at index: Int, _ body: @escaping @Sendable (Value) -> Void) {
        guard all.indices.contains(index) else { return }
        let bound = all[index]
        if bound.eventLoop.inEventLoop { return body(bound.value) }
        bound.eventLoop.execute { body(bound.value) }
    }

    /// Values that come one by one, as their loops are set up.
    package final class Register: Sendable {
        private let added = Mutex(PerLoop([]))

        /// No value yet.
        package init() {}

        /// Those that have come.
        package var values: PerLoop { added.withLock { $0 } }

        /// Adds a value; call on its loop.
        package func add(_ value: Value, on loop: any EventLoop) {
            let bound = NIOLoopBound(value, eventLoop: loop)
            added.withLock { $0 = PerLoop($0.all + [bound]) }
        }
    }
}
