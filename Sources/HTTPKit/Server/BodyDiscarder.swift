import NIOCore

/// Throws a body away, unless it becomes too long.
final class BodyDiscarder: RequestBodySink {
    private var left: Int
    private let tooLong: () -> Void

    init(limit: Int, tooLong: @escaping () -> Void) {
        left = limit
        self.tooLong = tooLong
    }

    func bodyReceived(_ part: ByteBuffer) {
        left -= min(left, part.readableBytes)
        if left == 0 { tooLong() }
    }

    func bodyEnded(_ trailers: HeaderBlock?) {}
}
