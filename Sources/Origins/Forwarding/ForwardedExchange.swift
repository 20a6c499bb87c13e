import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// One exchange on its way through an upstream connection: bytes both ways, each side waiting for the other.
final class ForwardedExchange {
    let exchange: Exchange
    let pool: OriginPool
    let outgoing: OutgoingRequest
    private var bytesReceived = 0
    var bytesAnswered = 0
    var connection: OriginConnection?
    /// Whether the request's last byte is written.
    var requestIsSent = false
    /// Whether the body waits for the upstream's `100 Continue`.
    var awaitsContinue = false
    var isTunnel = false
    /// Where the frames of a tunnel that is a WebSocket are, from the client and to it.
    var frames: (fromClient: FrameBoundary, toClient: FrameBoundary)?
    var isOver = false
    /// Whether an answer has begun of which no chunk has come, and nothing was sent.
    var isAnswerOpen = false
    /// The body of an answer that is handed over as a whole.
    var gathered: Gathered?

    /// How many interim answers came.
    var interimCount = 0

    struct Gathered {
        let head: ResponseHead
        let limit: Int
        /// The status under which a larger body goes on; nil to refuse it.
        let spillsUnder: Int?
        var body = ByteBuffer()
        /// Its share of what is held for all requests.
        let charge: BodyCharge?
        let done: (ByteBuffer) -> Void
    }

    var timer: Scheduled<Void>?
    /// Its place among those that wait for a connection.
    private var wait: PoolWait?

    /// An exchange with an origin.
    init(_ exchange: Exchange, pool: OriginPool, _ outgoing: OutgoingRequest) {
        self.exchange = exchange
        self.pool = pool
        self.outgoing = outgoing
    }

    var rules: ForwardingRules { outgoing.rules }
    var faults: OriginFaults { outgoing.rules.faults }

    /// Sends the request; everything else follows from what comes back.
    func start() {
        if case .known(let length) = exchange.request.body, let limit = outgoing.requestLimit,
            outgoing.body == nil, length > limit
        {
            return fail(GatewayError.bodyTooLarge(limit, Self.requestSetting))
        }
        exchange.take(self)
        if let idle = pool.takeIdle() { return send(on: idle) }
        connect()
    }

    func connect() {
        wait = pool.connect { [self] result in
            wait = nil
            switch result {
            case .success(let connection): send(on: connection)
            case .failure(let error): fail(unreachable(error))
            }
        }
    }

    private func unreachable(_ error: any Error) -> GatewayError {
        if var known = error as? GatewayError {
            if !rules.isUpstream, known.source != .gateway {
                if known.code == .badGateway { known.code = faults.unreachable }
                known.source = faults.source
            }
            return known
        }
        if let busy = error as? OriginBusy {
            return GatewayError(
                .serviceUnavailable, "\(rules.name) can't be asked: \(busy)", source: .gateway, retryAfterSeconds: 1)
        }
        let slow = if case ChannelError.connectTimeout = error { true } else { false }
        return GatewayError(
            slow ? .gatewayTimeout : faults.unreachable, "\(rules.name) can't be reached: \(describe(error))",
            source: faults.source, cause: faults.hidesAddress ? pool.origin.text : nil, retryAfterSeconds: 1)
    }

    /// Where the limit of a request's body is set.
    private static let requestSetting = "limits.maxRequestBytes of the DataPlaneService"

    private func send(on connection: OriginConnection) {
        self.connection = connection
        let method = exchange.request.method
        let allocator = connection.channel?.allocator ?? ByteBufferAllocator()
        connection.begin(self, method: outgoing.readsAs(method))
        let head = OutgoingHead.write(exchange, outgoing, allocator: allocator)
        if let body = outgoing.body {
            requestIsSent = true
            connection.write(head)
            connection.writeAndFlush(body)
            armResponseDeadline(from: .now())
            return
        }
        if exchange.request.body == .none {
            requestIsSent = true
            connection.writeAndFlush(head)
            armResponseDeadline(from: exchange.started)
            return
        }
        connection.write(head)
        if exchange.request.expectsContinue {
            awaitsContinue = true
            connection.flush()
            schedule(.milliseconds(Int64(pool.timeouts.continueMS))) { $0.sendBody() }
        } else {
            // The head leaves with what of the body is at hand.
            sendBody()
        }
    }

    /// Lets the client's body flow.
    func sendBody() {
        guard awaitsContinue || !exchange.request.expectsContinue else { return }
        awaitsContinue = false
        timer?.cancel()
        exchange.receiveBody(self)
    }

    // MARK: Timers

    func schedule(_ delay: TimeAmount, _ action: @escaping (ForwardedExchange) -> Void) {
        timer?.cancel()
        let bound = NIOLoopBound((self, action), eventLoop: exchange.loop)
        timer = exchange.loop.scheduleTask(in: delay) {
            let (proxied, action) = bound.value
            if !proxied.isOver { action(proxied) }
        }
    }

    /// The pool looks at deadlines once a second: a timer per request would cost more than the request's head.
    private func armResponseDeadline(from start: NIODeadline) {
        guard responseSeconds > 0, !exchange.isResponseStarted else { return }
        connection?.responseDeadline = start + .seconds(Int64(responseSeconds))
    }

    var responseSeconds: Int { outgoing.responseSeconds ?? rules.responseSeconds }

    // MARK: Ends

    private func clientGone() {
        guard !isOver else { return }
        let connection = connection
        finish()
        connection?.close()
    }

    func fail(_ error: GatewayError) {
        guard !isOver else { return }
        let connection = connection
        finish()
        connection?.close()
        // An answer of which nothing has left was never begun.
        if exchange.isResponseStarted { _ = exchange.retract() }
        if faults.hasWaitingPage, outgoing.target == nil, !exchange.isResponseStarted,
            WaitingPage.isFor(exchange, error)
        {
            return WaitingPage.respond(exchange, error)
        }
        exchange.respond(error)
    }

    /// Ends a tunnel or an endless answer because the process stops; both sides are told.
    func drain() {
        guard !isOver, let connection else { return }
        if let frames {
            if frames.toClient.isBetweenFrames {
                exchange.write(WebSocketWriter.close(.goingAway, "the gateway stops; connect again"))
            }
            if frames.fromClient.isBetweenFrames { connection.writeAndFlush(WebSocketWriter.maskedClose(.goingAway)) }
        }
        finish()
        connection.close()
        exchange.end()
    }

    func finish() {
        isOver = true
        timer?.cancel()
        timer = nil
        wait?.cancel()
        wait = nil
        connection = nil
        exchange.letGo()
    }
}

extension ForwardedExchange: ExchangeOwner {
    func exchangeAborted() { clientGone() }
    func exchangeWritable() { connection?.resume() }
}

extension ForwardedExchange: RequestBodySink {
    func bodyReceived(_ part: ByteBuffer) {
        guard !isOver, let connection else { return }
        if let limit = outgoing.requestLimit, !isTunnel {
            bytesReceived &+= part.readableBytes
            if bytesReceived > limit { return fail(GatewayError.bodyTooLarge(limit, Self.requestSetting)) }
        }
        if isTunnel || exchange.request.body != .unknown {
            frames?.fromClient.pass(part)
            connection.write(part)
        } else {
            connection.writeChunk(part)
        }
        if !connection.isWritable { exchange.pauseBody() }
    }

    func bodyReadComplete() {
        if !isOver { connection?.flush() }
    }

    func bodyEnded(_ trailers: HeaderBlock?) {
        guard !isOver, let connection else { return }
        if exchange.request.body == .unknown {
            var end = ByteBuffer()
            end.writeLastChunk(trailers.map { OutgoingHead.trailers($0, outgoing) })
            connection.write(end)
        }
        connection.flush()
        requestIsSent = true
        armResponseDeadline(from: .now())
    }
}
