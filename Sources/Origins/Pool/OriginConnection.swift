import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOTLS

/// What a connection to an origin tells whom it serves.
protocol OriginConnectionUser: AnyObject {
    func originHead(_ head: ResponseHead)
    func originPart(_ part: ByteBuffer)
    func originEnd(_ trailers: HeaderBlock?)
    /// All bytes that came in one read were delivered.
    func originReadComplete()
    func originWritable()
    /// The connection failed or closed before the answer was complete.
    func originFailed(_ why: String)
    /// The answer's head did not come in time.
    func originTimedOut()
}

/// One connection to an origin; serves one request at a time.
final class OriginConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Phase {
        case idle
        case head
        case body
        case tunnel
        case closed
    }

    private(set) var channel: (any Channel)?
    private(set) var user: (any OriginConnectionUser)?
    /// Called once when the connection is closed.
    var onClose: ((OriginConnection) -> Void)?
    /// Whether its TLS handshake is done.
    private(set) var isSecured = false
    /// Called once when the TLS handshake is done, or with why it failed.
    var onSecured: ((String?) -> Void)?
    /// How many exchanges it has served.
    private(set) var served = 0
    /// Whether it can carry another request.
    private(set) var isReusable = true
    /// Since when it has been idle; nil while it serves an exchange.
    var idleSince: NIODeadline?
    /// When the answer's head must be there.
    var responseDeadline: NIODeadline?

    private var phase = Phase.idle
    private var parser: ResponseHeadParser
    private var decoder: BodyDecoder?
    private var method = HTTPMethod.get
    private(set) var pending = ByteBuffer()
    /// Bytes of a request that wait to leave together.
    private var out: ByteBuffer?
    private var isReading = true
    private var isProcessing = false
    private let limits: HTTPLimits

    init(limits: HTTPLimits) {
        self.limits = limits
        parser = ResponseHeadParser(limits: limits)
    }

    var isWritable: Bool { channel?.isWritable ?? false }
    var isOpen: Bool { channel?.isActive ?? false }

    /// Prepares for the answer to a request of this method.
    func begin(_ user: any OriginConnectionUser, method: HTTPMethod) {
        self.user = user
        self.method = method
        phase = .head
        idleSince = nil
        served &+= 1
    }

    /// Adds to the request; nothing leaves before `flush` unless a lot has gathered.
    ///
    /// Small parts are copied into one buffer, so that head and body leave in one system call; large ones go as they are.
    func write(_ bytes: ByteBuffer) {
        guard var gathered = out else {
            if bytes.readableBytes <= Self.smallPart {
                out = bytes.withoutSlack()
            } else {
                channel?.write(bytes, promise: nil)
            }
            return
        }
        if bytes.readableBytes <= Self.smallPart {
            out = nil
            gathered.writeImmutableBuffer(bytes)
            out = gathered
            if gathered.readableBytes > Self.gatherLimit { pushOut() }
        } else {
            pushOut()
            channel?.write(bytes, promise: nil)
        }
    }

    /// Adds a chunk to the request.
    func writeChunk(_ part: ByteBuffer) {
        gather { $0.writeChunkSize(part.readableBytes) }
        write(part)
        gather { $0.writeStaticString("\r\n") }
    }

    func writeAndFlush(_ bytes: ByteBuffer) {
        write(bytes)
        flush()
    }

    /// Sends what has been written.
    func flush() {
        guard let gathered = out else { return channel?.flush() ?? () }
        out = nil
        channel?.writeAndFlush(gathered, promise: nil)
    }

    private static var smallPart: Int { 4096 }
    private static var gatherLimit: Int { 16 * 1024 }

    private func gather(_ write: (inout ByteBuffer) -> Void) {
        var gathered = out ?? ByteBuffer()
        out = nil
        write(&gathered)
        out = gathered
    }

    private func pushOut() {
        guard let gathered = out else { return }
        out = nil
        channel?.write(gathered, promise: nil)
    }

    /// Reads no more until `resume`.
    func pause() { setReading(false) }

    /// Reads again.
    func resume() {
        guard !isReading else { return }
        setReading(true)
        process()
        // What waited goes out now; a closed connection will not complete another read.
        user?.originReadComplete()
    }

    private func setReading(_ wanted: Bool) {
        guard wanted != isReading else { return }
        isReading = wanted
        try? channel?.syncOptions?.setOption(.autoRead, value: wanted)
    }

    /// Leaves HTTP: everything that comes is delivered as it is.
    func startTunnel() {
        phase = .tunnel
        isReusable = false
        if pending.readableBytes > 0 {
            let early = pending
            pending = ByteBuffer()
            user?.originPart(early)
        }
    }

    /// Ends the service for an exchange; whoever calls decides whether the connection goes back to the pool.
    func release() {
        user = nil
        responseDeadline = nil
        phase = .idle
        resume()
    }

    /// Carries no request after the present one.
    func endAfterUse() { isReusable = false }

    func close() {
        isReusable = false
        user = nil
        out = nil
        channel?.close(promise: nil)
        endIfClosed()
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }
    func channelActive(context: ChannelHandlerContext) { channel = context.channel }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent {
            isSecured = true
            secured(nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func secured(_ why: String?) {
        let onSecured = onSecured
        self.onSecured = nil
        onSecured?(why)
    }

    func channelInactive(context: ChannelHandlerContext) { closed("the server closed the connection") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        closed(describe(error))
        context.close(promise: nil)
    }

    /// Why the connection closed while bytes that came before still wait for a slow client.
    private var closedEarly: String?

    private func closed(_ why: String) {
        if phase == .body, !isReading, pending.readableBytes > 0, user != nil {
            isReusable = false
            closedEarly = why
            user?.originReadComplete()
        } else {
            end(why)
        }
    }

    private func endIfClosed() {
        guard let why = closedEarly else { return }
        closedEarly = nil
        end(why)
    }

    private func end(_ why: String) {
        guard phase != .closed else { return }
        let before = phase
        phase = .closed
        isReusable = false
        secured(why)
        let user = user
        self.user = nil
        if before == .body, pending.readableBytes == 0, decoder?.remaining == nil, endsWithClose {
            user?.originEnd(nil)
        } else if before != .idle {
            user?.originFailed(why)
        }
        onClose?(self)
        onClose = nil
        channel = nil
    }

    private var endsWithClose = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch phase {
        case .tunnel:
            user?.originPart(bytes)
            return
        case .idle:
            // An answer that nobody asked for: the connection can't be trusted any more.
            isReusable = false
            context.close(promise: nil)
            return
        case .closed:
            return
        case .head, .body:
            break
        }
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeBuffer(&bytes) }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) { user?.originReadComplete() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { user?.originWritable() }
    }

    // MARK: Answers

    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        do throws(HTTPParseError) {
            while try step() {}
        } catch {
            let user = user
            close()
            user?.originFailed(error.asServerFault)
        }
        isProcessing = false
        // An idle connection keeps nothing of what it received.
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        if isReading { endIfClosed() }
    }

    private func step() throws(HTTPParseError) -> Bool {
        switch phase {
        case .head:
            guard let head = try parser.next(&pending, method: method) else { return false }
            if head.status >= 200 || head.status == 101 {
                if !head.keepAlive || head.status == 101 { isReusable = false }
                endsWithClose = head.framing == .untilClose
                decoder = BodyDecoder(head.framing, limits: limits, isLenient: true)
                if head.status != 101 { phase = .body }
            }
            user?.originHead(head)
            return phase != .tunnel
        case .body:
            guard isReading, var decoder else { return false }
            let event = try decoder.next(&pending)
            self.decoder = decoder
            switch event {
            case .needMore: return false
            case .part(let part): user?.originPart(part)
            case .end(let trailers):
                if pending.readableBytes > 0 { isReusable = false }
                phase = .idle
                self.decoder = nil
                user?.originEnd(trailers)
                return false
            }
            return true
        case .idle, .tunnel, .closed:
            return false
        }
    }
}
