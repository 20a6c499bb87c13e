import DataPlaneAPI
import NIOCore

/// Gathers a body up to a limit, as long as there is room for it.
final class BodyCollector: RequestBodySink {
    private let limit: Int
    private let setting: String
    private let charge: BodyCharge?
    private var done: ((Result<[UInt8], GatewayError>) -> Void)?
    private var body: [UInt8] = []
    /// How long the body is, where that is known: it is then given its memory once, and isn't copied while it grows.
    private let length: Int?

    init(
        limit: Int, setting: String, length: Int?, charge: BodyCharge?,
        _ done: @escaping (Result<[UInt8], GatewayError>) -> Void
    ) {
        self.limit = limit
        self.setting = setting
        self.length = length
        self.charge = charge
        self.done = done
    }

    func bodyReceived(_ part: ByteBuffer) {
        guard done != nil else { return }
        let size = body.count + part.readableBytes
        guard size <= limit else { return finish(.failure(GatewayError.bodyTooLarge(limit, setting))) }
        do throws(GatewayError) {
            try charge?.grow(to: size)
        } catch {
            return finish(.failure(error))
        }
        // Memory that nothing was written to is none yet, so a length that is only claimed costs nothing.
        if body.isEmpty, let length, length <= limit { body.reserveCapacity(length) }
        body.append(contentsOf: part.readableBytesView)
    }

    func bodyEnded(_ trailers: HeaderBlock?) {
        let whole = body
        finish(.success(whole))
    }

    private func finish(_ result: Result<[UInt8], GatewayError>) {
        let done = done
        self.done = nil
        body = []
        if case .failure = result { charge?.give() }
        done?(result)
    }
}

extension GatewayError {
    /// The 413 of a body beyond a limit.
    ///
    /// - Parameter setting: where the limit is set; empty for one that is fixed.
    package static func bodyTooLarge(_ limit: Int, _ setting: String) -> GatewayError {
        let place = setting.isEmpty ? "" : " (setting \(setting))"
        return GatewayError(.payloadTooLarge, "Request entity too large: limit is \(limit) bytes\(place)")
    }
}
