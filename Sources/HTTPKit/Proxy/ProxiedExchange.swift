import DataPlaneAPI
import NIOCore
import NIOPosix

/// One exchange on its way through an upstream connection: bytes both ways, each side waiting for the other.
final class ProxiedExchange {
    let exchange: Exchange
    private let pool: UpstreamPool
    private let rewrite: ProxyRewrite?
    private var bytesReceived = 0
    private var bytesAnswered = 0
    private var connection: UpstreamConnection?
    /// Whether the request's last byte is written.
    private var requestIsSent = false
    /// Whether the body waits for the upstream's `100 Continue`.
    private var awaitsContinue = false
    private var isTunnel = false
    private var isOver = false
    private var timer: Scheduled<Void>?

    /// An exchange with a server.
    ///
    /// - Parameter rewrite: how the request differs from what the client sent; nil when it goes on as it is.
    init(_ exchange: Exchange, pool: UpstreamPool, rewrite: ProxyRewrite? = nil) {
        self.exchange = exchange
        self.pool = pool
        self.rewrite = rewrite
    }

    /// Sends the request; everything else follows from what comes back.
    func start() {
        // The exchange holds this object through its callbacks until `finish` drops them.
        exchange.onAbort = { self.clientGone() }
        exchange.onWritable = { self.clientWritable() }
        if let idle = pool.takeIdle() { return send(on: idle) }
        connect()
    }

    private func connect() {
        pool.connect { [self] result in
            switch result {
            case .success(let connection):
                guard !isOver else { return connection.close() }
                send(on: connection)
            case .failure(let error):
                guard !isOver else { return }
                fail(unreachable(error))
            }
        }
    }

    private func unreachable(_ error: any Error) -> GatewayError {
        if let known = error as? GatewayError { return known }
        if let known = (error as? NIOConnectionError)?.dnsAError as? GatewayError { return known }
        let slow = if case ChannelError.connectTimeout = error { true } else { false }
        return GatewayError(
            slow ? .gatewayTimeout : .badGateway, "\(serverName) can't be reached: \(describe(error))",
            source: .upstream, cause: rewrite.map { _ in pool.endpoint.text }, retryAfterSeconds: 1)
    }

    private var serverName: String { rewrite?.rules.name ?? "the upstream \(pool.endpoint.text)" }

    private func send(on connection: UpstreamConnection) {
        self.connection = connection
        connection.begin(self, method: exchange.request.method)
        let allocator = connection.channel?.allocator ?? ByteBufferAllocator()
        let head =
            rewrite.map { RewrittenRequest.head(exchange, $0, allocator: allocator) }
            ?? ForwardedRequest.head(exchange, allocator: allocator)
        if exchange.request.framing == .none {
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
            sendBody()
            connection.flush()
        }
    }

    /// Lets the client's body flow.
    private func sendBody() {
        guard awaitsContinue || !exchange.request.expectsContinue else { return }
        awaitsContinue = false
        timer?.cancel()
        exchange.receiveBody(self)
    }

    // MARK: Timers

    private func schedule(_ delay: TimeAmount, _ action: @escaping (ProxiedExchange) -> Void) {
        timer?.cancel()
        let bound = NIOLoopBound((self, action), eventLoop: exchange.loop)
        timer = exchange.loop.scheduleTask(in: delay) {
            let (proxied, action) = bound.value
            if !proxied.isOver { action(proxied) }
        }
    }

    /// The pool looks at deadlines once a second: a timer per request would cost more than the request's head.
    private func armResponseDeadline(from start: NIODeadline) {
        guard pool.timeouts.responseSeconds > 0, !exchange.isResponseStarted else { return }
        connection?.responseDeadline = start + .seconds(Int64(pool.timeouts.responseSeconds))
    }

    // MARK: Ends

    private func clientGone() {
        guard !isOver else { return }
        let connection = connection
        finish()
        connection?.close()
    }

    private func fail(_ error: GatewayError) {
        guard !isOver else { return }
        let connection = connection
        finish()
        connection?.close()
        exchange.respond(error)
    }

    private func finish() {
        isOver = true
        timer?.cancel()
        timer = nil
        connection = nil
        exchange.onAbort = nil
        exchange.onWritable = nil
    }

    private func clientWritable() {
        connection?.resume()
    }
}

extension ProxiedExchange: RequestBodySink {
    func bodyReceived(_ part: ByteBuffer) {
        guard !isOver, let connection else { return }
        if let limit = rewrite?.rules.requestLimit, !isTunnel {
            bytesReceived &+= part.readableBytes
            if bytesReceived > limit { return fail(BodyCollector.tooLarge(limit, "limits.maxRequestBytes")) }
        }
        if isTunnel || exchange.request.framing != .chunked {
            connection.writeAndFlush(part)
        } else {
            var size = ByteBuffer()
            size.writeChunkSize(part.readableBytes)
            connection.write(size)
            connection.write(part)
            connection.writeAndFlush(ByteBuffer(staticString: "\r\n"))
        }
        if !connection.isWritable { exchange.pauseBody() }
    }

    func bodyEnded(_ trailers: HeaderBlock?) {
        guard !isOver, let connection else { return }
        if exchange.request.framing == .chunked {
            var end = ByteBuffer(staticString: "0\r\n")
            if let trailers { end.writeImmutableBuffer(ForwardedRequest.trailers(trailers)) }
            end.writeStaticString("\r\n")
            connection.writeAndFlush(end)
        }
        requestIsSent = true
        armResponseDeadline(from: .now())
    }
}

extension ProxiedExchange: UpstreamConnectionUser {
    func upstreamHead(_ head: ResponseHead) {
        if head.status == 101 { return tunnel(head) }
        if head.status == 100 {
            if awaitsContinue { sendBody() }
            return
        }
        if let rewrite {
            // A 401 would make browsers forget the login of the site they think they talk to.
            if head.status == 401 {
                return fail(GatewayError(.badRequest, "Authentication to data source failed", source: .upstream))
            }
            if head.status < 200 { return }
            if let limit = rewrite.rules.responseLimit, let stated = head.statedLength, stated > limit,
                head.framing != .none
            {
                return fail(responseTooLarge(limit))
            }
        }
        if head.status < 200 { return exchange.writeInterim(ForwardedResponse.interim(head)) }
        timer?.cancel()
        timer = nil
        connection?.responseDeadline = nil
        awaitsContinue = false
        let framing: BodyFraming = head.framing == .untilClose ? .chunked : head.framing
        head.withReason { reason in
            exchange.start(
                status: head.status, reason: reason, framing: framing,
                statedLength: head.status == 204 ? nil : head.statedLength
            ) {
                writeFields(head, into: &$0)
            }
        }
    }

    private func writeFields(_ head: ResponseHead, into out: inout ByteBuffer) {
        if let rewrite {
            RewrittenRequest.writeAnswerFields(head, rewrite.rules, into: &out)
        } else if head.status == 101 {
            ForwardedResponse.writeUpgradeFields(head, into: &out)
        } else {
            ForwardedResponse.writeFields(head, into: &out)
        }
    }

    private func responseTooLarge(_ limit: Int) -> GatewayError {
        GatewayError(
            .badGateway,
            "the answer of \(serverName) is larger than \(limit) bytes "
                + "(\(rewrite?.rules.responseSetting ?? "limits.maxResponseBytes"))",
            source: .upstream)
    }

    private func tunnel(_ head: ResponseHead) {
        guard exchange.request.wantsUpgrade else {
            return fail(
                GatewayError(.badGateway, "\(serverName) switched protocols although nobody asked", source: .upstream))
        }
        timer?.cancel()
        connection?.responseDeadline = nil
        isTunnel = true
        head.withReason { reason in
            exchange.start(status: 101, reason: reason, framing: .untilClose) {
                writeFields(head, into: &$0)
            }
        }
        exchange.flush()
        exchange.startTunnel(self)
        connection?.startTunnel()
    }

    func upstreamPart(_ part: ByteBuffer) {
        guard !isOver else { return }
        if let limit = rewrite?.rules.responseLimit, !isTunnel {
            bytesAnswered &+= part.readableBytes
            if bytesAnswered > limit { return fail(responseTooLarge(limit)) }
        }
        exchange.write(part)
        if !exchange.isWritable { connection?.pause() }
    }

    func upstreamReadComplete() {
        guard !isOver, exchange.isResponseStarted else { return }
        exchange.flush()
    }

    func upstreamEnd(_ trailers: HeaderBlock?) {
        guard !isOver else { return }
        let connection = connection
        let isSent = requestIsSent
        finish()
        // Give the connection back first: the client's next request may come within `end`.
        if let connection {
            if isSent { pool.put(connection) } else { connection.close() }
        }
        exchange.end(trailers: trailers.map(ForwardedRequest.trailers))
    }

    func upstreamWritable() {
        exchange.resumeBody()
    }

    func upstreamTimedOut() {
        fail(
            GatewayError(
                .gatewayTimeout,
                "\(serverName) did not answer within \(pool.timeouts.responseSeconds) s "
                    + "(\(rewrite?.rules.timeoutSetting ?? "setting upstream-response-timeout"))", source: .upstream))
    }

    func upstreamFailed(_ why: String) {
        guard !isOver else { return }
        // A pooled connection may be closed by the upstream just as we use it; nothing was lost if it may be sent again.
        if let connection, connection.served > 1, !exchange.isResponseStarted, exchange.request.framing == .none,
            exchange.request.method.isIdempotent, !exchange.request.wantsUpgrade
        {
            timer?.cancel()
            self.connection = nil
            return connect()
        }
        if isTunnel {
            finish()
            exchange.end()
            return
        }
        fail(
            GatewayError(
                .badGateway, "\(serverName) failed before it answered: \(why)", source: .upstream, retryAfterSeconds: 1)
        )
    }
}
