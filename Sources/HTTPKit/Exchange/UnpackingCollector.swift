import DataPlaneAPI
import NIOCore

/// Gathers a packed body and unpacks it when it is whole, up to a limit of what comes out.
///
/// A few bytes may become many: nothing is unpacked for a client that holds the last byte back, and only so much at a time
/// as holds up nobody else on the loop.
final class UnpackingCollector: RequestBodySink {
    /// Bytes that are unpacked in one turn of the loop: about a millisecond.
    private static let turn = 256 * 1024

    private let exchange: Exchange
    private let limit: Int
    private let setting: String
    private let inflater: Inflater
    private var done: ((Result<ByteBuffer, GatewayError>) -> Void)?
    private var packed = ByteBuffer()
    private var body = ByteBuffer()

    init(
        _ exchange: Exchange, limit: Int, setting: String, inflater: Inflater,
        _ done: @escaping (Result<ByteBuffer, GatewayError>) -> Void
    ) {
        self.exchange = exchange
        self.limit = limit
        self.setting = setting
        self.inflater = inflater
        self.done = done
    }

    func bodyReceived(_ part: ByteBuffer) {
        guard done != nil else { return }
        // Members without content are no way to send for ever.
        guard packed.readableBytes + part.readableBytes <= limit else { return finish(.failure(tooLarge)) }
        packed.writeImmutableBuffer(part)
    }

    func bodyEnded(_ trailers: HeaderBlock?) { turn() }

    private func turn() {
        guard done != nil else { return }
        var isEmpty = true
        do throws(GatewayError) {
            if packed.readableBytes > 0 || !inflater.isComplete {
                // One byte more than allowed tells that there is more.
                let room = min(Self.turn, limit - body.readableBytes) + 1
                isEmpty = try inflater.step(&packed, to: &body, room: room)
            }
        } catch {
            return finish(.failure(error))
        }
        guard body.readableBytes <= limit else { return finish(.failure(tooLarge)) }
        guard isEmpty else {
            // The exchange holds its connection, so nobody may be there any more.
            exchange.loop.assumeIsolated().execute { [self] in
                if exchange.isOver { done = nil } else { turn() }
            }
            return
        }
        finish(inflater.isComplete ? .success(body) : .failure(Inflater.cut))
    }

    private var tooLarge: GatewayError { BodyCollector.tooLarge(limit, setting) }

    private func finish(_ result: Result<ByteBuffer, GatewayError>) {
        let done = done
        self.done = nil
        packed = ByteBuffer()
        body = ByteBuffer()
        done?(result)
    }
}
