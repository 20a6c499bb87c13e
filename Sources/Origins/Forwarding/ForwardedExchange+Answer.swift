import DataPlaneAPI
import HTTPKit
import NIOCore

extension ForwardedExchange: OriginConnectionUser {
    func originHead(_ head: ResponseHead) {
        if head.status == 101 { return tunnel(head) }
        if head.status == 100 {
            if awaitsContinue { sendBody() }
            return
        }
        if let refusal = refusal(head) { return fail(refusal) }
        if head.status < 200 { return interim(head) }
        timer?.cancel()
        timer = nil
        awaitsContinue = false
        switch outgoing.answer?(head) ?? .asItCame {
        case .asItCame: start(head, status: head.status)
        case .gathered(let limit, let spillsUnder, let done):
            // The client has nothing yet, so the time goes on.
            let charge = exchange.bodies.map { BodyCharge($0) }
            if let charge { exchange.keep(charge) }
            gathered = Gathered(head: head, limit: limit, spillsUnder: spillsUnder, charge: charge, done: done)
        }
    }

    /// Hands an interim answer on, where the answer itself goes on as it comes.
    private func interim(_ head: ResponseHead) {
        interimCount += 1
        guard interimCount <= Self.interimLimit else {
            return fail(
                GatewayError(
                    .badGateway, "\(rules.name) sent more than \(Self.interimLimit) interim answers",
                    source: faults.source))
        }
        guard rules.isUpstream, outgoing.answer == nil else { return }
        head.withReason { reason in
            exchange.interim(head.status, reason: reason) { AnswerFields.write(head, rules, into: &$0) }
        }
    }

    /// Interim answers wait for no client, so there is an end to them.
    private static var interimLimit: Int { 64 }

    private func start(_ head: ResponseHead, status: Int) {
        connection?.responseDeadline = nil
        head.withReason { reason in
            exchange.start(
                status: status, reason: status == head.status ? reason : nil, body: head.body,
                statedLength: status == 204 ? nil : head.statedLength
            ) {
                AnswerFields.write(head, rules, into: &$0)
            }
        }
        isAnswerOpen = head.framing == .chunked
        guard head.body == .unknown, let type = head.headers.first(.contentType),
            head.headers.withValue(type, { $0.hasPrefix("text/event-stream") })
        else { return }
        exchange.whenDraining { [weak self] in self?.drain() }
    }

    /// Why an answer doesn't go on.
    private func refusal(_ head: ResponseHead) -> GatewayError? {
        // A 401 would make browsers forget the login of the site they think they talk to.
        if head.status == 401, faults.hidesUnauthorized {
            return GatewayError(.badRequest, "Authentication to data source failed", source: faults.source)
        }
        if faults.refusesRedirects, (300..<400).contains(head.status), head.status != 304,
            head.headers.firstValue(named: "location") != nil
        {
            return GatewayError(
                .badGateway, "\(rules.name) attempted to redirect this request, which is not permitted",
                source: faults.source)
        }
        if let limit = outgoing.responseLimit, let stated = head.statedLength, stated > limit, head.body != .none {
            return responseTooLarge(limit)
        }
        return nil
    }

    private func responseTooLarge(_ limit: Int) -> GatewayError {
        GatewayError(
            .badGateway,
            "the answer of \(rules.name) is larger than \(limit) bytes "
                + "(\(faults.responseSetting))",
            source: faults.source)
    }

    private func tunnel(_ head: ResponseHead) {
        guard exchange.request.wantsUpgrade else {
            return fail(
                GatewayError(
                    .badGateway, "\(rules.name) switched protocols although nobody asked", source: faults.source))
        }
        timer?.cancel()
        connection?.responseDeadline = nil
        isTunnel = true
        let isWebSocket = exchange.request.headers.first(.upgrade).map { field in
            exchange.request.headers.withValue(field) { $0.equalsIgnoringCase("websocket") }
        }
        if isWebSocket == true { frames = (FrameBoundary(), FrameBoundary()) }
        head.withReason { reason in
            exchange.upgrade(reason: reason, to: self) { AnswerFields.write(head, rules, into: &$0) }
        }
        connection?.startTunnel()
        exchange.whenDraining { [weak self] in self?.drain() }
    }

    func originPart(_ part: ByteBuffer) {
        guard !isOver else { return }
        if let limit = outgoing.responseLimit, !isTunnel {
            bytesAnswered &+= part.readableBytes
            if bytesAnswered > limit { return fail(responseTooLarge(limit)) }
        }
        if gathered != nil { return gather(part) }
        isAnswerOpen = false
        frames?.toClient.pass(part)
        exchange.write(part)
        if !exchange.isWritable { connection?.pause() }
    }

    private func gather(_ part: ByteBuffer) {
        guard let limit = gathered?.limit else { return }
        do throws(GatewayError) {
            try gathered?.charge?.grow(to: (gathered?.body.readableBytes ?? 0) + part.readableBytes)
        } catch {
            return fail(error)
        }
        gathered?.body.writeImmutableBuffer(part)
        guard let all = gathered, all.body.readableBytes > limit else { return }
        if let status = all.spillsUnder {
            gathered = nil
            start(all.head, status: status)
            exchange.write(all.body)
            if !exchange.isWritable { connection?.pause() }
            return
        }
        fail(
            GatewayError(
                .badGateway, "the answer of \(rules.name) is larger than \(limit) bytes", source: faults.source))
    }

    func originReadComplete() {
        guard !isOver, exchange.isResponseStarted else { return }
        // The first chunk of an answer mostly comes with its head or right behind it; when it is broken, the client can
        // be told as long as it has nothing.
        guard isAnswerOpen else { return exchange.flush() }
        isAnswerOpen = false
        schedule(.milliseconds(20)) { $0.exchange.flush() }
    }

    func originEnd(_ trailers: HeaderBlock?) {
        guard !isOver else { return }
        let connection = connection
        let isSent = requestIsSent
        finish()
        // Give the connection back first: the client's next request may come within `end`.
        if let connection {
            if isSent { pool.put(connection) } else { connection.close() }
        }
        if let gathered { return gathered.done(gathered.body) }
        exchange.end(trailers: trailers.map { OutgoingHead.trailers($0) })
    }

    func originWritable() {
        exchange.resumeBody()
    }

    func originTimedOut() {
        fail(
            GatewayError(
                .gatewayTimeout,
                "\(rules.name) did not answer within \(responseSeconds) s (\(timeoutSetting))", source: faults.source))
    }

    private var timeoutSetting: String {
        outgoing.responseSeconds == nil ? faults.timeoutSetting : "limits.timeoutSeconds of the DataPlaneService"
    }

    func originFailed(_ why: String) {
        guard !isOver else { return }
        // A pooled connection may be closed by the upstream just as we use it; nothing was lost if it may be sent again.
        if let connection, connection.served > 1, !exchange.isResponseStarted, exchange.request.body == .none,
            exchange.request.method.isIdempotent, !exchange.request.wantsUpgrade
        {
            timer?.cancel()
            self.connection = nil
            gathered = nil
            return connect()
        }
        if isTunnel {
            finish()
            exchange.end()
            return
        }
        fail(
            GatewayError(
                faults.unreachable, "\(rules.name) failed before it answered: \(why)", source: faults.source,
                retryAfterSeconds: 1))
    }
}
