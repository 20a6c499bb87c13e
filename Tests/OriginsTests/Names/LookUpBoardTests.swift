import DataPlaneAPI
import NIOCore
import Testing

@testable import HTTPKit
@testable import Origins

/// Which host names are looked up, and who waits for them.
struct LookUpBoardTests {
    private var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let address: [SocketAddress]

    init() throws { address = [try SocketAddress(ipAddress: "127.0.0.1", port: 0)] }

    private func waiter(_ asked: LookUpBoard.Asked) throws -> Int {
        guard case .waits(let waiter, _) = asked else { throw Unexpected() }
        return waiter
    }

    private func failure(_ asked: LookUpBoard.Asked) -> GatewayError? {
        switch asked {
        case .known(.failure(let error)), .refused(let error): error
        case .known(.success), .waits: nil
        }
    }

    private struct Unexpected: Error {}

    @Test func aNameIsLookedUpOnceForAllWhoWait() throws {
        var board = LookUpBoard()
        let first = try waiter(board.ask("a", now: now))
        #expect(board.next() == ["a"])
        let second = try waiter(board.ask("a", now: now))
        #expect(board.next() == [])
        let (waiters, outcome) = board.finish("a", .found(address), now: now)
        #expect(waiters == [first, second])
        #expect(try outcome.get() == address)
        #expect(board.waiting == 0)
    }

    @Test func whatWasFoundIsKnownForAMoment() throws {
        var board = LookUpBoard()
        _ = board.ask("a", now: now)
        _ = board.next()
        _ = board.finish("a", .found(address), now: now)
        guard case .known(.success(address)) = board.ask("a", now: now + .seconds(4)) else { throw Unexpected() }
        _ = try waiter(board.ask("a", now: now + .seconds(6)))
        #expect(board.next() == ["a"])
    }

    @Test func aFailureIsKnownForAMomentToo() throws {
        var board = LookUpBoard()
        _ = board.ask("a", now: now)
        _ = board.next()
        _ = board.finish("a", .absent("no such name"), now: now)
        let error = failure(board.ask("a", now: now + .seconds(1)))
        #expect(error?.code == .badGateway)
        #expect(error?.message == "the host name a does not resolve: no such name")
        _ = try waiter(board.ask("a", now: now + .seconds(3)))
    }

    @Test func whoeverHasWaitedLongEnoughIsToldWhyAndTheNextOnesAtOnce() throws {
        var board = LookUpBoard()
        let one = try waiter(board.ask("a", now: now))
        #expect(board.next() == ["a"])
        guard case .failure(let error) = board.giveUp(one, after: 5, now: now) else { throw Unexpected() }
        #expect(error.code == .gatewayTimeout)
        #expect(error.message.contains("a can't be looked up: no name server has answered within 5 s"))
        #expect(failure(board.ask("a", now: now + .seconds(4)))?.code == .gatewayTimeout)
        // Then one waits again, for the same look-up.
        let later = try waiter(board.ask("a", now: now + .seconds(6)))
        #expect(board.next() == [])
        #expect(board.finish("a", .found(address), now: now).0 == [later])
    }

    @Test func silentNamesHaveButAFewThreads() throws {
        var bounds = LookUpBoard.Bounds()
        (bounds.running, bounds.unknown, bounds.silent, bounds.reserve) = (20, 8, 2, 4)
        var board = LookUpBoard(bounds)
        // A name that was found before.
        _ = board.ask("good", now: now)
        _ = board.next()
        _ = board.finish("good", .found(address), now: now)
        let dead = try (0..<100).map { try waiter(board.ask("dead\($0)", now: now)) }
        #expect(board.next().count == 8)
        for waiter in dead.prefix(8) { _ = board.giveUp(waiter, after: 5, now: now) }
        // Those that hang have shown what they are: others have their turn.
        #expect(board.next().count == 8)
        for waiter in dead.dropFirst(8) { _ = board.giveUp(waiter, after: 5, now: now) }
        #expect(board.next() == [])
        #expect(board.runningCount == 16)
        // A name that was found before always finds a thread.
        _ = try waiter(board.ask("good", now: now + .seconds(6)))
        #expect(board.next() == ["good"])
        // All have come back, and are asked for again: no more than two at a time.
        for number in 0..<16 { _ = board.finish("dead\(number)", .unknown("timed out"), now: now) }
        for number in 0..<16 { _ = try waiter(board.ask("dead\(number)", now: now + .seconds(20))) }
        #expect(board.next().count == 2)
        // A name that nobody knows yet doesn't wait for them.
        _ = try waiter(board.ask("new", now: now + .seconds(20)))
        #expect(board.next() == ["new"])
    }

    @Test func theQueueIsBoundedAndHasAnErrorOfItsOwn() throws {
        var bounds = LookUpBoard.Bounds()
        (bounds.waiting, bounds.waitingForOne) = (3, 2)
        var board = LookUpBoard(bounds)
        _ = try waiter(board.ask("a", now: now))
        _ = try waiter(board.ask("a", now: now))
        #expect(failure(board.ask("a", now: now))?.code == .serviceUnavailable)
        let last = try waiter(board.ask("b", now: now))
        let error = failure(board.ask("c", now: now))
        #expect(error?.code == .serviceUnavailable && error?.retryAfterSeconds == 1)
        #expect(error?.message.contains("3 requests wait for look-ups of host names already") == true)
        board.leave(last)
        _ = try waiter(board.ask("c", now: now))
    }

    @Test func whatNobodyWaitsForIsNotLookedUp() throws {
        var bounds = LookUpBoard.Bounds()
        (bounds.running, bounds.reserve) = (1, 0)
        var board = LookUpBoard(bounds)
        _ = board.ask("a", now: now)
        #expect(board.next() == ["a"])
        let gone = try waiter(board.ask("b", now: now))
        let stays = try waiter(board.ask("c", now: now))
        guard case .failure(let error) = board.giveUp(gone, after: 0.5, now: now) else { throw Unexpected() }
        #expect(error.message.contains("it had no turn within 0.5 s"))
        _ = board.finish("a", .found(address), now: now)
        #expect(board.next() == ["c"])
        #expect(board.finish("c", .found(address), now: now).0 == [stays])
        // It was not its turn: nothing is known of it.
        _ = try waiter(board.ask("b", now: now))
    }

    @Test func whatWasFoundLastIsGoodWhileTheNameServerIsSilent() throws {
        var board = LookUpBoard()
        _ = board.ask("a", now: now)
        _ = board.next()
        _ = board.finish("a", .found(address), now: now)
        guard case .waits(let waiter, hasOlder: true) = board.ask("a", now: now + .minutes(1)) else {
            throw Unexpected()
        }
        #expect(board.next() == ["a"])
        #expect(try board.giveUp(waiter, after: 0.5, now: now + .minutes(1))?.get() == address)
        guard case .known(.success(address)) = board.ask("a", now: now + .seconds(62)) else { throw Unexpected() }
        // But a name server that says that there is no such name is believed.
        _ = board.finish("a", .absent("gone"), now: now + .minutes(2))
        #expect(failure(board.ask("a", now: now + .minutes(2)))?.code == .badGateway)
    }

    @Test func anAddressThatDoesNotAnswerIsLookedUpAnew() throws {
        var board = LookUpBoard()
        _ = board.ask("a", now: now)
        _ = board.next()
        _ = board.finish("a", .found(address), now: now)
        board.doubt("a")
        _ = try waiter(board.ask("a", now: now))
        #expect(board.next() == ["a"])
    }

    @Test func onlySoManyNamesAreRemembered() throws {
        var bounds = LookUpBoard.Bounds()
        bounds.names = 10
        var board = LookUpBoard(bounds)
        for number in 0..<1_000 {
            _ = board.ask("name\(number)", now: now)
            _ = board.next()
            _ = board.finish("name\(number)", .found(address), now: now)
        }
        guard case .known = board.ask("name999", now: now) else { throw Unexpected() }
        _ = try waiter(board.ask("name0", now: now))
    }
}
