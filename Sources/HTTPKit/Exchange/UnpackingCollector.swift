import DataPlaneAPI
import NIOCore

/// Gathers a body while unpacking it, up to a limit of what comes out.
///
/// A few bytes may become many: so much is unpacked at a time as holds up nobody else on the loop, and no more is read
/// from the client meanwhile.
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
    private var received = 0
    private var isTurning = false
    private var hasEnded = false

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
        received += part.readableBytes
        packed.writeImmutableBuffer(part)
        if !isTurning { turn() }
    }

    func bodyEnded(_ trailers: HeaderBlock?) {
        hasEnded = true
        if !isTurning { turn() }
    }

    private func turn() {
        guard done != nil else { return }
        var isEmpty = true
        do throws(GatewayError) {
            if packed.readableBytes > 0 || (hasEnded && !inflater.isComplete) {
                // One byte more than allowed tells that there is more.
                let room = min(Self.turn, limit - body.readableBytes) + 1
                isEmpty = try inflater.step(&packed, to: &body, room: room)
            }
        } catch {
            return finish(.failure(error))
        }
        guard body.readableBytes <= limit, received <= limit else {
            return finish(.failure(BodyCollector.tooLarge(limit, setting)))
        }
        guard isEmpty else {
            if !isTurning { exchange.pauseBody() }
            isTurning = true
            // The exchange holds its connection, so nobody may be there any more.
            exchange.loop.assumeIsolated().execute { [self] in
                if exchange.isOver { done = nil } else { turn() }
            }
            return
        }
        packed.clear()
        let wasTurning = isTurning
        isTurning = false
        if hasEnded {
            finish(inflater.isComplete ? .success(body) : .failure(Inflater.cut))
        } else if wasTurning {
            exchange.resumeBody()
        }
    }

    private func finish(_ result: Result<ByteBuffer, GatewayError>) {
        let done = done
        self.done = nil
        packed = ByteBuffer()
        body = ByteBuffer()
        if isTurning {
            isTurning = false
            exchange.resumeBody()
        }
        done?(result)
    }
}
