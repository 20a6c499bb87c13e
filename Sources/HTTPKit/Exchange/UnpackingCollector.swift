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
    private let charge: BodyCharge?
    private var done: ((Result<[UInt8], GatewayError>) -> Void)?
    private var packed = ByteBuffer()
    private var body: [UInt8] = []
    /// How much of the body was packed, which counts as long as it is there.
    private var packedSize = 0

    init(
        _ exchange: Exchange, limit: Int, setting: String, inflater: Inflater, charge: BodyCharge?,
        _ done: @escaping (Result<[UInt8], GatewayError>) -> Void
    ) {
        self.charge = charge
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
        packedSize = packed.readableBytes + part.readableBytes
        do throws(GatewayError) { try charge?.grow(to: packedSize) } catch { return finish(.failure(error)) }
        packed.writeImmutableBuffer(part)
    }

    func bodyEnded(_ trailers: HeaderBlock?) { turn() }

    private func turn() {
        guard done != nil else { return }
        var isEmpty = true
        do throws(GatewayError) {
            if packed.readableBytes > 0 || !inflater.isComplete {
                // One byte more than allowed tells that there is more.
                let room = min(Self.turn, limit - body.count) + 1
                var piece = ByteBuffer()
                isEmpty = try inflater.step(&packed, to: &piece, room: room)
                try charge?.grow(to: packedSize + body.count + piece.readableBytes)
                body.append(contentsOf: piece.readableBytesView)
            }
        } catch {
            return finish(.failure(error))
        }
        guard body.count <= limit else { return finish(.failure(tooLarge)) }
        guard isEmpty else {
            // The exchange holds its connection, so nobody may be there any more.
            exchange.loop.nextTurn { [self] in
                if exchange.isOver { done = nil } else { turn() }
            }
            return
        }
        finish(inflater.isComplete ? .success(body) : .failure(Inflater.cut))
    }

    private var tooLarge: GatewayError { GatewayError.bodyTooLarge(limit, setting) }

    private func finish(_ result: Result<[UInt8], GatewayError>) {
        let done = done
        self.done = nil
        packed = ByteBuffer()
        body = []
        if case .failure = result { charge?.give() }
        done?(result)
    }
}
