import DataPlaneAPI
import Testing

@testable import APIServer

/// Lists are made a few at a time, and none is made for a client that left.
struct ListTurnsTests {
    /// A turn that a test holds.
    private final class Held: Sendable {
        private let end: AsyncStream<Void>.Continuation
        private let task: Task<Void, any Error>

        init(_ turns: ListTurns) async {
            let (ended, end) = AsyncStream.makeStream(of: Void.self)
            let (begun, begin) = AsyncStream.makeStream(of: Void.self)
            self.end = end
            task = Task {
                try await turns.run { () throws(GatewayError) in
                    begin.finish()
                    for await _ in ended {}
                }
            }
            for await _ in begun {}
        }

        func give() async throws {
            end.finish()
            try await task.value
        }
    }

    private func wait(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func `whoever waits has the turn next, and beyond the limit is refused`() async throws {
        let turns = ListTurns(1, mostWaiting: 1)
        let held = await Held(turns)
        let second = Task { try await turns.run { () throws(GatewayError) in 2 } }
        try await wait { turns.waiting == 1 }
        await #expect {
            try await turns.run { () throws(GatewayError) in 3 }
        } throws: {
            let error = $0 as? GatewayError
            return error?.code == .tooManyRequests && error?.retryAfterSeconds == 1
        }
        try await held.give()
        #expect(try await second.value == 2)
        #expect(try await turns.run { () throws(GatewayError) in 4 } == 4)
    }

    @Test func `whoever is cancelled leaves the line, and no turn is lost`() async throws {
        let turns = ListTurns(1)
        let held = await Held(turns)
        let tasks = (0..<100).map { number in
            Task { try await turns.run { () throws(GatewayError) in number } }
        }
        try await wait { turns.waiting == 100 }
        for task in tasks.dropLast() { task.cancel() }
        try await wait { turns.waiting == 1 }
        for task in tasks.dropLast() {
            await #expect { try await task.value } throws: { ($0 as? GatewayError)?.code == .clientClosedRequest }
        }
        try await held.give()
        #expect(try await tasks[99].value == 99)
        #expect(turns.waiting == 0)
    }

    /// 200 clients that asked for a long list and hung up once made the server answer nobody for more than a minute.
    @Test func `clients that hang up leave the line`() async throws {
        let turns = ListTurns(1)
        try await TestServer.with(configure: { $0.turns = turns }) { server in
            let held = await Held(turns)
            for _ in 0..<20 { try await server.sendAndReset("GET \(Samples.path)") { turns.waiting == 1 } }
            try await wait { turns.waiting == 0 }
            try await held.give()
            #expect(try await server.send("GET", Samples.path).json["items"] == [])
        }
    }
}
