import DataPlaneAPI
import NIOCore

/// Gathers a body up to a limit.
final class BodyCollector: RequestBodySink {
    private let limit: Int
    private let setting: String
    private var done: ((Result<ByteBuffer, GatewayError>) -> Void)?
    private var body: ByteBuffer?

    init(limit: Int, setting: String, _ done: @escaping (Result<ByteBuffer, GatewayError>) -> Void) {
        self.limit = limit
        self.setting = setting
        self.done = done
    }

    func bodyReceived(_ part: ByteBuffer) {
        guard done != nil else { return }
        let size = (body?.readableBytes ?? 0) + part.readableBytes
        guard size <= limit else {
            finish(.failure(Self.tooLarge(limit, setting)))
            return
        }
        // A body that came in one piece is passed on as it is.
        guard body != nil else {
            body = part
            return
        }
        body?.writeImmutableBuffer(part)
    }

    func bodyEnded(_ trailers: HeaderBlock?) {
        finish(.success(body ?? ByteBuffer()))
    }

    private func finish(_ result: Result<ByteBuffer, GatewayError>) {
        let done = done
        self.done = nil
        body = nil
        done?(result)
    }

    /// - Parameter setting: where the limit is set; empty for one that is fixed.
    static func tooLarge(_ limit: Int, _ setting: String) -> GatewayError {
        let place = setting.isEmpty ? "" : " (setting \(setting))"
        return GatewayError(.payloadTooLarge, "Request entity too large: limit is \(limit) bytes\(place)")
    }
}
