import DataPlaneAPI
import NIOCore

/// The ends of a connection: ours, the client's, and the process's.
extension ServerConnection {
    /// So many bytes of a body that nobody wants are skipped to keep a connection.
    static var skipLimit: Int { 256 * 1024 }

    /// Whether more of the body is certainly to come than is skipped.
    var isLongRest: Bool { phase == .body && (decoder?.remaining ?? 0) > Self.skipLimit }

    /// Whether an answer comes although nobody reads the body and too much of it is left to skip.
    var isBodyUnwanted: Bool { sink == nil && isLongRest }

    /// Says goodbye without losing the answer: closes our side, and theirs once they have or time is up.
    ///
    /// Closing a socket with unread bytes would make the kernel reset it, and the client may never see the answer.
    func lingeringClose() {
        guard phase != .closed, phase != .lingering, let channel else { return }
        let wasTunnel = phase == .tunnel
        phase = .lingering
        if let exchange { finish(exchange) }
        isEndless = isEndless || wasTunnel
        pending = ByteBuffer()
        deadline = context.tick &+ context.timeouts.write
        let last = out ?? ByteBuffer()
        out = nil
        let bound = NIOLoopBound(self, eventLoop: context.loop)
        channel.writeAndFlush(last).whenComplete { _ in
            let connection = bound.value
            guard connection.phase == .lingering else { return }
            connection.isFlushed = true
            connection.deadline = connection.context.tick &+ connection.context.timeouts.linger
            if connection.context.isDraining { connection.cutSoon() }
            connection.channel?.close(mode: .output, promise: nil)
        }
        updateReading()
        if context.isDraining, isEndless { cutSoon() }
    }

    /// Gives up what takes too long; called once a second.
    func checkDeadline(_ tick: UInt32) {
        guard let deadline, Int32(bitPattern: tick &- deadline) >= 0 else { return }
        self.deadline = nil
        guard !isHandshaking else { return abort() }
        switch phase {
        case .head:
            if pending.readableBytes > 0 {
                response = ResponseState()
                response.keepAlive = false
                phase = .answering
                writeRefusal(GatewayError(.requestTimeout, "the request head took too long"))
            } else if !isLate {
                // A loop that was busy for long has not read yet what came in time.
                isLate = true
                self.deadline = tick &+ 1
                return
            }
            lingeringClose()
        case .body:
            if windowBytes >= context.timeouts.bodyMinimum || isPaused { return startBodyWindow() }
            response.keepAlive = false
            exchange?.fail(GatewayError(.requestTimeout, "the request body took too long"))
            if phase != .closed { lingeringClose() }
        case .answering, .tunnel, .lingering:
            abort()
        case .closed:
            break
        }
    }

    // MARK: The client's end

    /// Whether no further request can follow the present one.
    var isLastRequest: Bool { isInputClosed && pending.readableBytes == 0 }

    /// The client sends nothing more; what it has asked for wholly is still answered.
    func inputClosed() {
        guard !isInputClosed, phase != .closed else { return }
        isInputClosed = true
        isReading = false
        switch phase {
        case .tunnel: abort()
        case .lingering, .closed: break
        case .head, .body, .answering:
            guard !isHandshaking else { return abort() }
            process()
        }
    }

    /// Looks what the end of the client's side means, once everything that came before is read.
    func inputIsOver() {
        switch phase {
        case .head: lingeringClose()
        case .body:
            // Behind a body whose rest never comes nobody waits.
            if let left = decoder?.remaining, left > pending.readableBytes { return gone() }
            startGrace()
        case .answering: startGrace()
        case .tunnel: abort()
        case .lingering, .closed: break
        }
    }

    /// The client can't be waiting for an answer.
    func gone() {
        if response.isEnded { lingeringClose() } else { abort() }
    }

    private func startGrace() {
        guard grace == nil else { return }
        guard context.timeouts.halfClosed > 0 else { return gone() }
        let bound = NIOLoopBound((connection: self, left: response.remaining), eventLoop: context.loop)
        grace = context.loop.scheduleTask(in: .seconds(Int64(context.timeouts.halfClosed))) {
            bound.value.connection.graceIsOver(bound.value.left)
        }
    }

    /// - Parameter before: how much of the answer was to be written when the time began.
    private func graceIsOver(_ before: Int) {
        grace = nil
        guard phase == .body || phase == .answering || phase == .tunnel else { return }
        // A client that takes an answer with an end is there; of one without an end nobody knows.
        let takes = response.isStarted && response.remaining > 0 && response.remaining != before
        if takes { startGrace() } else { gone() }
    }

    // MARK: The process's end

    /// Ends what has no end of its own, closes an idle connection, and lets an exchange that is under way finish.
    func drain() {
        isDrained = true
        switch phase {
        case .head:
            guard exchange == nil, pending.readableBytes == 0, !isHandshaking else {
                deadline = min(deadline ?? .max, context.tick &+ 1)
                return
            }
            if hasServed { abort() } else { cutSoon() }
        case .lingering:
            if isFlushed || isEndless { cutSoon() }
        case .body, .answering, .tunnel: exchange?.drain()
        case .closed: break
        }
    }

    /// The process ends: whoever has no answer yet is told so.
    func giveUp() {
        if phase == .body || phase == .answering, let exchange, !exchange.isResponseStarted {
            response.keepAlive = false
            exchange.fail(
                GatewayError(.serviceUnavailable, "the gateway stops; try again", retryAfterSeconds: 1))
        }
        abort()
    }

    /// Cuts the connection in a moment, unless a request comes before.
    func cutSoon() {
        let bound = NIOLoopBound(self, eventLoop: context.loop)
        context.loop.scheduleTask(in: .milliseconds(context.timeouts.lingerDrainingMS)) {
            let connection = bound.value
            switch connection.phase {
            case .lingering: connection.abort()
            case .head where connection.pending.readableBytes == 0: connection.abort()
            case .head, .body, .answering, .tunnel, .closed: break
            }
        }
    }
}
