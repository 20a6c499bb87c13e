import DataPlaneAPI
import NIOCore

/// One exchange on its way through an upstream connection: bytes both ways, each side waiting for the other.
final class ProxiedExchange {
    let exchange: Exchange
    private let pool: UpstreamPool
    private var connection: UpstreamConnection?
    /// Whether the request's last byte is written.
    private var requestIsSent = false
    /// Whether the body waits for the upstream's `100 Continue`.
    private var awaitsContinue = false
    private var isTunnel = false
    private var isOver = false
    private var timer: Scheduled<Void>?

    init(_ exchange: Exchange, pool: UpstreamPool) {
        self.exchange = exchange
        self.pool = pool
    }

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
                let slow = if case ChannelError.connectTimeout = error { true } else { false }
                fail(
                    GatewayError(
                        slow ? .gatewayTimeout : .badGateway,
                        "the upstream \(pool.endpoint.text) can't be reached: \(describe(error))", source: .upstream,
                        retryAfterSeconds: 1))
            }
        }
    }

    private func send(on connection: UpstreamConnection) {
        self.connection = connection
        connection.begin(self, method: exchange.request.method)
        let head = ForwardedRequest.head(
            exchange, allocator: connection.channel?.allocator ?? ByteBufferAllocator())
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
                ForwardedResponse.writeFields(head, into: &$0)
            }
        }
    }

    private func tunnel(_ head: ResponseHead) {
        guard exchange.request.wantsUpgrade else {
            return fail(
                GatewayError(.badGateway, "the upstream switched protocols although nobody asked", source: .upstream))
        }
        timer?.cancel()
        connection?.responseDeadline = nil
        isTunnel = true
        head.withReason { reason in
            exchange.start(status: 101, reason: reason, framing: .untilClose) {
                ForwardedResponse.writeUpgradeFields(head, into: &$0)
            }
        }
        exchange.flush()
        exchange.startTunnel(self)
        connection?.startTunnel()
    }

    func upstreamPart(_ part: ByteBuffer) {
        guard !isOver else { return }
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
                "the upstream \(pool.endpoint.text) did not answer within \(pool.timeouts.responseSeconds) s "
                    + "(setting upstream-response-timeout)", source: .upstream))
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
                .badGateway, "the upstream \(pool.endpoint.text) failed before it answered: \(why)", source: .upstream,
                retryAfterSeconds: 1))
    }
}
