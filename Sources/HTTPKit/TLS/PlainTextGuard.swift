import DataPlaneAPI
import NIOCore

/// Answers who speaks plain HTTP to a TLS port: a failed handshake would tell them nothing.
final class PlainTextGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The first byte of a TLS handshake record (RFC 8446 section 5.1).
    private static let handshake: UInt8 = 0x16

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) ?? Self.handshake
        // Letters begin the methods of HTTP; everything else is the TLS library's to judge.
        guard (first | 0x20) >= UInt8(ascii: "a"), (first | 0x20) <= UInt8(ascii: "z") else {
            context.fireChannelRead(data)
            return context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
        let error = GatewayError(
            .badRequest, "this port speaks HTTPS, and the request came as plain HTTP; use https://")
        let body = StatusBody.failure(error)
        var answer = context.channel.allocator.buffer(capacity: 512)
        answer.writeStatusLine(error.httpStatus, nil)
        answer.writeStaticString("Content-Type: application/json\r\nConnection: close\r\n")
        answer.writeLengthField(body.count)
        answer.writeStaticString("\r\n")
        answer.writeBytes(body)
        // This handler stands before the one that encrypts: what it writes leaves as it is.
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(answer)).assumeIsolated().whenComplete { _ in
            channel.close(mode: .all, promise: nil)
        }
    }
}
