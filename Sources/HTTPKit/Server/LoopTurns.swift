import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// Long work of one event loop, cut into turns: between two of them everybody's sockets have theirs.
///
/// A loop does all its tasks, those that come meanwhile included, before it looks at its sockets again: what puts itself off
/// with `execute` holds them up until it is done. So a turn is what a socket is ready for: the loop's own pipe, which is
/// looked at along with all others.
final class LoopTurns {
    /// Until the loop's pipe is there.
    private static let pause = TimeAmount.microseconds(50)
    /// Of each thread, which runs one loop and sees only its own.
    private nonisolated(unsafe) static let ofThread = ThreadSpecificVariable<LoopTurns>()

    private let loop: any EventLoop
    private var waiting: CircularBuffer<() -> Void> = []
    private var bell: CInt?
    private var isRung = false
    /// Whether the loop has sockets at all; those of some tests don't.
    private var hasSockets = false

    /// Those of the loop that runs here.
    static func of(_ loop: any EventLoop) -> LoopTurns {
        if let known = ofThread.currentValue, known.loop === loop { return known }
        let made = LoopTurns(loop)
        ofThread.currentValue = made
        return made
    }

    private init(_ loop: any EventLoop) {
        self.loop = loop
        openPipe()
    }

    /// Does something in a turn of its own.
    func add(_ body: @escaping () -> Void) {
        waiting.append(body)
        ring()
    }

    private func ring() {
        guard !isRung else { return }
        isRung = true
        var byte: UInt8 = 0
        if let bell, write(bell, &byte, 1) == 1 { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        guard hasSockets else { return loop.execute { bound.value.turn() } }
        loop.scheduleTask(in: Self.pause) { bound.value.turn() }
    }

    fileprivate func turn() {
        guard isRung else { return }
        isRung = false
        guard let body = waiting.popFirst() else { return }
        if !waiting.isEmpty { ring() }
        body()
    }

    // MARK: The pipe

    private func openPipe() {
        var ends: [CInt] = [-1, -1]
        guard let bootstrap = NIOPipeBootstrap(validatingGroup: loop) else { return }
        hasSockets = true
        guard pipe(&ends) == 0 else { return }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let (mouth, bell) = (ends[0], ends[1])
        let bound = NIOLoopBound(self, eventLoop: loop)
        bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Ear(bound.value))
            }
        }
        .takingOwnershipOfDescriptor(input: mouth)
        .assumeIsolated()
        .whenComplete { result in
            guard case .success = result else {
                close(mouth)
                close(bell)
                return
            }
            bound.value.bell = bell
        }
    }

    fileprivate func closePipe() {
        if let bell { close(bell) }
        bell = nil
        // The loop ends.
        waiting = []
    }

    private final class Ear: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let turns: LoopTurns

        init(_ turns: LoopTurns) { self.turns = turns }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { turns.turn() }
        func channelInactive(context: ChannelHandlerContext) { turns.closePipe() }
    }
}

extension EventLoop {
    /// Goes on with long work when the loop's sockets have had their turn; call on the loop.
    package func nextTurn(_ body: @escaping () -> Void) { LoopTurns.of(self).add(body) }
}
