import NIOCore
import NIOSSL
import NIOTLS

/// Tells the connection about the client once the TLS handshake is done, before its first request is read.
///
/// The certificate is judged off the loop; what the client sends meanwhile waits here.
final class TLSPeerHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What the client showed in this handshake; empty when a session is resumed.
    var shown: [NIOSSLCertificate] = []

    private let connection: ServerConnection
    private let verifier: (any PeerCertificateVerifier)?
    private var waiting: [ByteBuffer] = []
    private var isJudging = false
    /// Whether the client ended its side while its certificate was judged.
    private var hasEnded = false

    init(_ connection: ServerConnection, verifier: (any PeerCertificateVerifier)? = nil) {
        self.connection = connection
        self.verifier = verifier
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // What came before the end waits here, so the end does too.
        if isJudging, case .inputClosed = event as? ChannelEvent {
            hasEnded = true
            return
        }
        context.fireUserInboundEventTriggered(event)
        if case .handshakeCompleted = event as? TLSUserEvent { handshakeCompleted(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isJudging else { return context.fireChannelRead(data) }
        waiting.append(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.handshakeFailed(describe(error))
        context.fireErrorCaught(error)
    }

    private func handshakeCompleted(_ context: ChannelHandlerContext) {
        connection.isEncrypted()
        guard let verifier else { return leave(context) }
        var chain = shown
        shown = []
        if chain.isEmpty {
            let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            if let own = tls?.peerCertificate { chain = [own] }
        }
        guard !chain.isEmpty else { return leave(context) }
        let bytes = chain.compactMap { try? $0.toDERBytes() }
        isJudging = true
        // One read may be under way already; more would only gather here.
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        Task {
            let certificate = await verifier.verify(bytes)
            loop.execute { bound.value.handler.judged(certificate, bound.value.context) }
        }
    }

    private func judged(_ certificate: any PeerCertificate, _ context: ChannelHandlerContext) {
        connection.hasCertificate(certificate)
        isJudging = false
        let held = waiting
        waiting = []
        for bytes in held { context.fireChannelRead(wrapInboundOut(bytes)) }
        if !held.isEmpty { context.fireChannelReadComplete() }
        if hasEnded { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        connection.readAgain()
        leave(context)
    }

    private func leave(_ context: ChannelHandlerContext) {
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
