import HTTPKit
import NIOCore

/// Writes a body as fast as its client takes it: pieces are made only when there is room for them.
///
/// Bound to the exchange's loop. It must be the owner of its exchange, or have it lent, while something is written.
package final class PacedBody {
    /// Gives the next piece of the body, nil at its end.
    package typealias Source = () -> ByteBuffer?

    /// The size that sources should give their pieces, bytes.
    package static let pieceSize = 64 * 1024
    /// So much is written in one go before other connections of the loop have their turn, bytes.
    private static let turn = 512 * 1024

    private let exchange: Exchange
    private var sources: [Source] = []
    private var whenDrained: (() -> Void)?
    private var isPumping = false
    private var isScheduled = false

    /// A writer for an exchange whose answer has been started.
    package init(_ exchange: Exchange) {
        self.exchange = exchange
    }

    /// Whether everything that was added is written and the client takes more.
    var isDrained: Bool { sources.isEmpty && exchange.isWritable }

    /// Adds to the body; it is written from the next `drained` on.
    package func add(_ source: @escaping Source) { sources.append(source) }

    /// Adds one buffer, which is written as a whole.
    ///
    /// - Parameter taken: called when it was written.
    func add(_ buffer: ByteBuffer, taken: @escaping () -> Void = {}) {
        var buffer: ByteBuffer? = buffer
        add {
            defer { buffer = nil }
            if buffer == nil { taken() }
            return buffer
        }
    }

    /// Calls `body` once, as soon as the body is drained; maybe at once.
    package func drained(_ body: @escaping () -> Void) {
        whenDrained = body
        pump()
    }

    /// Forgets everything; nothing is called any more.
    package func cancel() {
        sources = []
        whenDrained = nil
    }

    /// Answers with a body as fast as the client takes it.
    static func respond(_ exchange: Exchange, _ status: Int, contentType: String, body: ByteBuffer) {
        guard body.readableBytes > pieceSize, exchange.request.method != .head else {
            return exchange.respond(status, contentType: contentType, body: body)
        }
        exchange.start(status: status, body: .known(body.readableBytes)) { head in
            head.add("Content-Type", contentType)
            head.addDate()
        }
        let writer = PacedBody(exchange)
        var body = body
        writer.add {
            let size = min(pieceSize, body.readableBytes)
            return size > 0 ? body.readSlice(length: size) : nil
        }
        exchange.take(writer)
        writer.drained {
            exchange.letGo()
            exchange.end()
        }
    }

    private func pump() {
        guard !isPumping, !isScheduled else { return }
        isPumping = true
        var written = 0
        while exchange.isWritable, let source = sources.first {
            guard written < Self.turn else {
                yield()
                break
            }
            guard let piece = source() else {
                // The source may have been taken away by what it did.
                if !sources.isEmpty { sources.removeFirst() }
                continue
            }
            written += piece.readableBytes
            exchange.write(piece)
            // Until the channel says that enough waits: one flush for several pieces.
            if !exchange.isWritable { exchange.flush() }
        }
        if written > 0 { exchange.flush() }
        isPumping = false
        guard isDrained, let done = whenDrained else { return }
        whenDrained = nil
        done()
    }

    private func yield() {
        isScheduled = true
        exchange.loop.nextTurn { [self] in
            isScheduled = false
            pump()
        }
    }
}

extension PacedBody: ExchangeOwner {
    package func exchangeAborted() { cancel() }
    package func exchangeWritable() { pump() }
}
