import DataPlaneAPI
import NIOCore
import NIOPosix

/// One exchange on its way through an upstream connection: bytes both ways, each side waiting for the other.
final class ProxiedExchange {
    let exchange: Exchange
    let pool: UpstreamPool
    let change: ProxyChange
    private var bytesReceived = 0
    var bytesAnswered = 0
    var connection: UpstreamConnection?
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

    /// An exchange with a server.
    ///
    /// - Parameter change: how the request differs from what the client sent.
    init(_ exchange: Exchange, pool: UpstreamPool, _ change: ProxyChange = .none) {
        self.exchange = exchange
        self.pool = pool
        self.change = change
    }

    /// Sends the request; everything else follows from what comes back.
    func start() {
        if case .known(let length) = exchange.request.body, let limit = change.requestLimit,
            change.call?.body == nil, length > limit
        {
            return fail(BodyCollector.tooLarge(limit, Self.requestSetting))
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
            if let manner, known.source != .gateway {
                if known.code == .badGateway { known.code = manner.unreachable }
                known.source = manner.source
            }
            return known
        }
        if let busy = error as? OriginBusy {
            return GatewayError(
                .serviceUnavailable, "\(serverName) can't be asked: \(busy)", source: .gateway, retryAfterSeconds: 1)
        }
        let slow = if case ChannelError.connectTimeout = error { true } else { false }
        return GatewayError(
            slow ? .gatewayTimeout : manner?.unreachable ?? .badGateway,
            "\(serverName) can't be reached: \(describe(error))",
            source: source, cause: manner.map { _ in pool.endpoint.text }, retryAfterSeconds: 1)
    }

    /// Where the limit of a request's body is set.
    private static let requestSetting = "limits.maxRequestBytes of the DataPlaneService"

    /// Nil for the upstream.
    var manner: ProxyRules.Manner? { change.rewrite?.rules.manner }
    var serverName: String { change.rewrite?.rules.name ?? "the upstream \(pool.endpoint.text)" }
    var source: GatewayError.Source { manner?.source ?? .upstream }

    private func send(on connection: UpstreamConnection) {
        self.connection = connection
        let method = exchange.request.method
        let allocator = connection.channel?.allocator ?? ByteBufferAllocator()
        let head: ByteBuffer
        switch change {
        case .none:
            connection.begin(self, method: method)
            head = ForwardedRequest.head(exchange, allocator: allocator)
        case .call(let call):
            connection.begin(self, method: call.readsAs(method))
            head = ForwardedRequest.head(exchange, call, allocator: allocator)
            if let body = call.body {
                requestIsSent = true
                connection.write(head)
                connection.writeAndFlush(body)
                armResponseDeadline(from: .now())
                return
            }
        case .rewrite(let rewrite):
            connection.begin(self, method: method)
            head = RewrittenRequest.head(exchange, rewrite, allocator: allocator)
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

    func schedule(_ delay: TimeAmount, _ action: @escaping (ProxiedExchange) -> Void) {
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

    var responseSeconds: Int { change.call?.responseSeconds ?? pool.timeouts.responseSeconds }

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
        if case .none = change, !exchange.isResponseStarted, WaitingPage.isFor(exchange, error) {
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

extension ProxiedExchange: ExchangeOwner {
    func exchangeAborted() { clientGone() }
    func exchangeWritable() { connection?.resume() }
}

extension ProxiedExchange: RequestBodySink {
    func bodyReceived(_ part: ByteBuffer) {
        guard !isOver, let connection else { return }
        if let limit = change.requestLimit, !isTunnel {
            bytesReceived &+= part.readableBytes
            if bytesReceived > limit { return fail(BodyCollector.tooLarge(limit, Self.requestSetting)) }
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
            end.writeLastChunk(trailers.map { ForwardedRequest.trailers($0, change.rewrite?.rules) })
            connection.write(end)
        }
        connection.flush()
        requestIsSent = true
        armResponseDeadline(from: .now())
    }
}
