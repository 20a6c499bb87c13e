import DataPlaneAPI
import NIOCore

/// A client's connection: reads one request at a time and writes its answer.
///
/// Requests that a client pipelines wait, unread, until the one before is answered.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    enum Phase {
        /// Waiting for, or in the middle of, a request head.
        case head
        /// Reading a body.
        case body
        /// The request is read, its answer isn't complete.
        case answering
        /// No HTTP any more: bytes both ways.
        case tunnel
        /// The last answer is out; what still comes is thrown away.
        case lingering
        case closed
    }

    let context: LoopContext
    var channel: (any Channel)?
    var phase = Phase.head
    var exchange: Exchange?
    var response = ResponseState()
    /// Answer bytes that wait to leave together.
    var out: ByteBuffer?
    var continueSent = false

    var peer = Peer(nil)
    private var parser: RequestHeadParser
    var decoder: BodyDecoder?
    var sink: (any RequestBodySink)?
    var isPaused = false
    var pending = ByteBuffer()
    private var isProcessing = false
    var isReading = true
    /// Whether the TLS handshake is still to be done: nothing can be said to the client before.
    var isHandshaking = false
    /// The tick at which the present phase is given up; nil for never.
    var deadline: UInt32?
    var windowBytes = 0
    /// Whether the time for a request was over once, and nothing had come.
    var isLate = false
    /// Whether the client has ended its side: nothing more will come.
    var isInputClosed = false
    /// Ends the time for the answers that such a client still waits for.
    var grace: Scheduled<Void>?
    /// Whether it was open when the process began to stop.
    var isDrained = false
    /// Whether a request was answered on it.
    var hasServed = false
    /// When the last request began, or the connection.
    var lastUsed = NIODeadline.uptimeNanoseconds(0)
    /// Whether it waits for another connection to make room.
    var isHeld = false
    /// Whether it was closed to make room.
    var hasGivenWay = false
    /// Whether what is left to write may be cut when the process stops.
    var isEndless = false
    var isFlushed = false

    init(context: LoopContext) {
        self.context = context
        parser = RequestHeadParser(limits: context.limits)
    }

    /// Reads heads and trailers by other limits from now on.
    func use(_ limits: HTTPLimits) {
        parser.limits = limits
        decoder?.limits = limits
    }

    // MARK: Channel events

    func channelActive(context channelContext: ChannelHandlerContext) {
        channel = channelContext.channel
        peer = Peer(channelContext.channel.remoteAddress)
        lastUsed = .now()
        deadline = context.tick &+ context.timeouts.head
        context.add(self)
    }

    func channelInactive(context channelContext: ChannelHandlerContext) {
        close()
    }

    func errorCaught(context channelContext: ChannelHandlerContext, error: any Error) {
        guard !Self.isRaggedEnd(error) else { return }
        channelContext.close(promise: nil)
    }

    func userInboundEventTriggered(context channelContext: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { inputClosed() }
        channelContext.fireUserInboundEventTriggered(event)
    }

    func channelRead(context channelContext: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch phase {
        case .tunnel:
            let sink = sink
            sink?.bodyReceived(bytes)
            sink?.bodyReadComplete()
            return
        case .lingering, .closed:
            return
        case .head, .body, .answering:
            break
        }
        isLate = false
        if phase == .body { windowBytes &+= bytes.readableBytes }
        if pending.readableBytes == 0 { pending = bytes } else { pending.writeBuffer(&bytes) }
        process()
    }

    func channelWritabilityChanged(context channelContext: ChannelHandlerContext) {
        guard channelContext.channel.isWritable else {
            deadline = deadline ?? (context.tick &+ context.timeouts.write)
            return
        }
        if phase == .answering || phase == .tunnel { deadline = nil }
        exchange?.writable()
    }

    // MARK: Reading

    /// Takes as many steps as the bytes at hand allow.
    ///
    /// Handlers may answer within a step; it isn't entered twice.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        while step() {}
        isProcessing = false
        // An idle connection keeps nothing of what it received.
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        if phase == .body { sink?.bodyReadComplete() }
        if isInputClosed { inputIsOver() } else { updateReading() }
    }

    private func step() -> Bool {
        do throws(HTTPParseError) {
            switch phase {
            case .head: return try readHead()
            case .body: return try readBody()
            case .answering, .tunnel, .lingering, .closed: return false
            }
        } catch {
            refuse(error)
            return false
        }
    }

    private func readHead() throws(HTTPParseError) -> Bool {
        guard exchange == nil, pending.readableBytes > 0 else { return false }
        guard let head = try parser.next(&pending) else {
            deadline = min(deadline ?? .max, context.tick &+ context.timeouts.head)
            return false
        }
        begin(head)
        return true
    }

    private func begin(_ head: RequestHead) {
        let exchange = Exchange(
            request: head, loop: context.loop, peer: peer, transport: self, bodies: context.bodies)
        self.exchange = exchange
        lastUsed = exchange.started
        response = ResponseState()
        continueSent = false
        isPaused = false
        sink = nil
        deadline = nil
        if head.framing == .none {
            decoder = nil
            phase = .answering
        } else {
            decoder = BodyDecoder(head.framing, limits: context.limits)
            phase = .body
        }
        guard head.method != .connect else {
            // What follows is meant for the tunnel that the client believes in, and never a request.
            response.keepAlive = false
            return exchange.respond(
                GatewayError(.notImplemented, "CONNECT is not served; this is a gateway, not a forward proxy"))
        }
        context.chain.handle(exchange)
    }

    private func readBody() throws(HTTPParseError) -> Bool {
        guard let sink, !isPaused, var decoder else { return false }
        let event = try decoder.next(&pending)
        self.decoder = decoder
        switch event {
        case .needMore:
            if isInputClosed {
                gone()
                return false
            }
            if deadline == nil { startBodyWindow() }
            return false
        case .part(let part):
            sink.bodyReceived(part)
        case .end(let trailers):
            requestIsRead()
            sink.bodyEnded(trailers)
            finishIfComplete()
        }
        return true
    }

    private func requestIsRead() {
        decoder = nil
        sink = nil
        deadline = nil
        if phase == .body { phase = .answering }
    }

    func startBodyWindow() {
        windowBytes = 0
        deadline = context.tick &+ context.timeouts.bodyWindow
    }

    private func refuse(_ error: HTTPParseError) {
        guard let exchange else {
            // There is no head to make an exchange of: answer by hand and close.
            phase = .answering
            response = ResponseState()
            response.keepAlive = false
            writeRefusal(error.asClientError)
            return lingeringClose()
        }
        response.keepAlive = false
        exchange.fail(error.asClientError)
        if phase != .closed, phase != .lingering { lingeringClose() }
    }

    func attach(_ sink: any RequestBodySink) {
        guard phase == .body else {
            // Nothing to come: the request has no body.
            sink.bodyEnded(nil)
            return
        }
        self.sink = sink
        startBodyWindow()
        process()
    }

    /// Reads from the socket only what somebody wants, or a little ahead.
    func updateReading() {
        guard !isInputClosed else { return }
        let wanted =
            switch phase {
            case .head, .lingering: !isHeld
            case .body: (sink != nil && !isPaused) || pending.readableBytes < context.limits.readAhead
            case .answering: pending.readableBytes < context.limits.readAhead
            case .tunnel: !isPaused
            case .closed: false
            }
        guard wanted != isReading, let channel else { return }
        isReading = wanted
        try? channel.syncOptions?.setOption(.autoRead, value: wanted)
    }

    // MARK: The end of an exchange and of the connection

    /// Goes on to the next request once the request is read and its answer written.
    func finishIfComplete() {
        guard response.isEnded, let exchange else { return }
        if phase == .body {
            // The answer came before the body was read. A short rest is skipped, a long one costs the connection: what
            // is left of a body must never be read as a request.
            if response.keepAlive, !isLongRest, !exchange.request.expectsContinue || continueSent {
                if !(sink is BodyDiscarder) {
                    attach(
                        BodyDiscarder(limit: Self.skipLimit) { [weak self] in
                            self?.response.keepAlive = false
                            self?.lingeringClose()
                        })
                }
                return
            }
            response.keepAlive = false
        }
        finish(exchange)
        guard response.keepAlive, !context.isDraining else { return lingeringClose() }
        phase = .head
        deadline = context.tick &+ context.timeouts.idle
        process()
    }

    func finish(_ exchange: Exchange) {
        self.exchange = nil
        sink = nil
        hasServed = true
        isEndless = exchange.isEndless || phase == .tunnel
        context.observer?.finished(exchange)
        exchange.close()
    }

    /// Cuts the connection.
    func abort() {
        // A goodbye of TLS that is owed is waited for only while both sides are open.
        if peer.isTLS { try? channel?.syncOptions?.setOption(.allowRemoteHalfClosure, value: false) }
        channel?.close(mode: .all, promise: nil)
    }

    private func close() {
        guard phase != .closed else { return }
        phase = .closed
        context.remove(self)
        deadline = nil
        grace?.cancel()
        grace = nil
        let gone = exchange
        exchange = nil
        sink = nil
        if let gone {
            gone.aborted()
            if gone.status == 0 {
                gone.error = GatewayError(
                    .clientClosedRequest, "the client closed the connection before it was answered")
            }
            finish(gone)
        }
        channel = nil
    }
}
