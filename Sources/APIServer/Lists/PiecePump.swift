import HTTPKit
import NIOCore

/// Writes the pieces of a source to an exchange: one at a time, made while the client takes the one before.
///
/// The answer has been started; whoever made the pump ends it. A client that left, or takes nothing, costs nothing more.
final class PiecePump {
    private let exchange: Exchange
    /// Nil while a piece is made, and at the end.
    private var source: (any PieceSource)?
    private var done: ((Bool) -> Void)?
    private var hasWritten = false

    /// - Parameter done: called on the loop when everything is written, with whether that was anything; not when the client
    ///   leaves before.
    init(_ exchange: Exchange, _ source: any PieceSource, done: @escaping (Bool) -> Void) {
        self.exchange = exchange
        self.source = source
        self.done = done
    }

    /// Goes on when the client takes more.
    func run() {
        guard exchange.isWritable, !exchange.isOver, let source else { return }
        self.source = nil
        let bound = NIOLoopBound(self, eventLoop: exchange.loop)
        let loop = exchange.loop
        Task {
            var source = source
            let piece = source.next().map { ByteBuffer(bytes: $0) }
            let rest = source
            loop.execute { bound.value.take(piece, rest) }
        }
    }

    /// Stops; nothing is written any more.
    func cancel() {
        source = nil
        done = nil
    }

    private func take(_ piece: ByteBuffer?, _ rest: any PieceSource) {
        guard let done, !exchange.isOver else { return }
        guard let piece else {
            self.done = nil
            return done(hasWritten)
        }
        hasWritten = hasWritten || piece.readableBytes > 0
        exchange.write(piece)
        exchange.flush()
        source = rest
        run()
    }
}

extension PiecePump: ExchangeOwner {
    func exchangeAborted() { cancel() }
    func exchangeWritable() { run() }
}
