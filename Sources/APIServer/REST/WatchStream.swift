import HTTPKit
import NIOCore

/// The loop's end of a watch: writes lines while the client takes them, and stops when it goes.
final class WatchStream {
    private let exchange: Exchange
    private var waiting: EventLoopPromise<Bool>?
    private var isGone = false

    private init(_ exchange: Exchange) { self.exchange = exchange }

    /// Starts the answer and the task that produces it; call on the exchange's loop.
    static func start(_ exchange: Exchange, _ request: APIRequest, _ session: WatchSession, bookmarkSeconds: Int) {
        guard !exchange.isOver else {
            session.watch?.handle.end()
            return
        }
        let loop = exchange.loop
        let stream = WatchStream(exchange)
        let bound = NIOLoopBound(stream, eventLoop: loop)
        exchange.start(status: 200, framing: .chunked) { head in
            head.writeField("Content-Type", "application/json")
            APIServerHandler.writeFields(&head, request, APIResponse())
        }
        exchange.flush()
        let task = Task {
            await session.run { bytes in
                (try? await loop.flatSubmit { bound.value.write(bytes) }.get()) ?? false
            }
            loop.execute { bound.value.finish() }
        }
        let handle = session.watch?.handle
        let seconds = max(1, bookmarkSeconds)
        let ticks = loop.scheduleRepeatedTask(initialDelay: .seconds(Int64(seconds)), delay: .seconds(Int64(seconds))) {
            _ in
            handle?.bookmark()
        }
        let end = loop.scheduleTask(in: .seconds(Int64(session.seconds))) {
            handle?.bookmark()
            handle?.end()
        }
        stream.onFinish = {
            ticks.cancel()
            end.cancel()
        }
        exchange.onAbort = {
            task.cancel()
            handle?.end()
            bound.value.abandon()
        }
        exchange.onWritable = { bound.value.resume() }
        exchange.whenDraining { handle?.end() }
    }

    private var onFinish: (() -> Void)?

    /// Writes a line; the future is false when there is nobody to write to any more.
    private func write(_ bytes: [UInt8]) -> EventLoopFuture<Bool> {
        guard !isGone, !exchange.isOver else { return exchange.loop.makeSucceededFuture(false) }
        exchange.write(ByteBuffer(bytes: bytes))
        exchange.flush()
        guard !exchange.isWritable else { return exchange.loop.makeSucceededFuture(true) }
        let promise = exchange.loop.makePromise(of: Bool.self)
        waiting = promise
        return promise.futureResult
    }

    private func resume() {
        let promise = waiting
        waiting = nil
        promise?.succeed(true)
    }

    private func abandon() {
        isGone = true
        cleanUp()
        let promise = waiting
        waiting = nil
        promise?.succeed(false)
    }

    private func finish() {
        cleanUp()
        guard !isGone, !exchange.isOver else { return }
        isGone = true
        exchange.end()
    }

    private func cleanUp() {
        onFinish?()
        onFinish = nil
        exchange.onAbort = nil
        exchange.onWritable = nil
    }
}
