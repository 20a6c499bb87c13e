import DataPlaneAPI
import HTTPKit
import NIOCore
import RPC

/// One client of a stream: writes while the client takes it, else lets messages wait in its bounded queue.
final class StreamListener: GroupListener {
    let exchange: Exchange
    let format: StreamFormat
    private let bridge: StreamBridge
    private let home: Int
    private var socket: WebSocketConnection?
    private var queue: ListenerQueue
    private var group: ListenerGroup?
    private var isOver = false
    /// Whether something was written since the last beat.
    private var isFresh = false
    private var behindSince: Int?
    /// Whether the client's messages are held back until it takes the answers.
    private var resumesLater = false
    private var leavesAt: Int?
    /// Whether a message of the client was read: the first may say what it listens for.
    private var hasSpoken = false
    /// The question to the plugin whether the client may listen for something else.
    private var asking: GRPCCall?
    /// Until then a failure of the stream waits: a WebSocket client that gave nothing along may be about to say what it
    /// listens for, and the stream without it may fail for the lack of it.
    private var patience = 0
    /// What waits for that.
    private var held: StreamEnding?

    init(_ exchange: Exchange, _ format: StreamFormat, bridge: StreamBridge, home: Int) {
        self.exchange = exchange
        self.format = format
        self.bridge = bridge
        self.home = home
        let settings = bridge.settings
        queue = ListenerQueue(
            messages: settings.queueMessages, bytes: settings.queueBytes, dropLimit: settings.dropLimit)
        if settings.lifetime > 0 {
            // Not all at once after a start.
            leavesAt = bridge.now + Int(Double(settings.lifetime) * 1000 * .random(in: 0.75...1.25))
        }
        bridge.listenerCount += 1
    }

    /// Takes the answer of the stream's home loop.
    func joined(
        _ result: Result<StreamWelcome, GatewayError>, _ target: StreamTarget, _ initial: StreamPacket?,
        _ handshake: WebSocketHandshake?
    ) {
        switch result {
        case .success(let welcome):
            if handshake != nil, target.key.data.isEmpty { patience = bridge.now + Self.patienceMS }
            open(welcome, initial: initial, handshake: handshake) { listener, isText, bytes in
                listener.take(target, isText: isText, bytes)
            }
        case .failure(let error):
            abandon()
            if !exchange.isOver { exchange.respond(error) }
        }
    }

    private var isWritable: Bool { socket?.isWritable ?? exchange.isWritable }

    private func write(_ text: ByteBuffer) {
        isFresh = true
        if let socket { socket.write(text) } else { exchange.write(text) }
    }

    private func write(_ message: StreamMessage) {
        isFresh = true
        let part = message.part(format)
        if let socket { socket.write(part) } else { exchange.write(part) }
    }

    private func flush() {
        if let socket { socket.flush() } else { exchange.flush() }
    }

    // MARK: Beginning

    /// Starts the answer: what the client missed, or the initial data.
    ///
    /// - Parameters:
    ///   - initial: what SubscribeStream gave.
    ///   - handshake: for a WebSocket.
    ///   - onMessage: takes what a WebSocket client sends.
    func open(
        _ welcome: StreamWelcome, initial: StreamPacket?, handshake: WebSocketHandshake?,
        onMessage: @escaping (StreamListener, Bool, ByteBuffer) -> Void
    ) {
        guard !isOver, !exchange.isOver else {
            // The client left while it was being joined.
            let (loop, format) = (bridge.index, format)
            bridge.run(on: home) { $0.leave(welcome.feed, loop: loop, format: format) }
            return gone()
        }
        group = bridge.add(self, to: welcome.feed, home: home, seen: welcome.number)
        if let handshake {
            var settings = WebSocketConnection.Settings()
            settings.messageLimit = bridge.settings.publishLimit
            settings.messageSetting = "stream-publish-limit"
            WebSocketConnection.accept(exchange, handshake, settings: settings) { socket in
                self.socket = socket
                socket.onEnd = { self.gone() }
                socket.onWritable = { self.drain() }
                socket.onMessage = { onMessage(self, $0, $1) }
                writeBeginning(welcome, initial)
            }
        } else {
            exchange.take(self)
            exchange.whenDraining { self.leave(.goingAway) }
            exchange.start(status: 200, body: .unknown) { head in
                head.add("Content-Type", format.contentType)
                head.add("Cache-Control", fixed: "no-store")
                head.add("X-Accel-Buffering", fixed: "no")
                head.addDate()
            }
            if format == .events {
                var retry = ByteBuffer()
                EventStream.writeRetry(
                    .random(in: bridge.settings.retryMS...max(1, bridge.settings.retryMS) * 2), into: &retry)
                write(retry)
            }
            writeBeginning(welcome, initial)
        }
        flush()
    }

    private func writeBeginning(_ welcome: StreamWelcome, _ initial: StreamPacket?) {
        if welcome.isResumed {
            if welcome.missed > 0 { write(StreamText.dropped(Int(clamping: welcome.missed), format)) }
        } else {
            write(StreamText.subscribed(initial?.json, id: welcome.lastID, format))
        }
        if let full = welcome.full, initial?.isFull != true || welcome.isResumed { write(full) }
        for message in welcome.messages { write(message) }
    }

    // MARK: Messages

    func deliver(_ message: StreamMessage) {
        guard !isOver else { return }
        if queue.isEmpty, isWritable {
            write(message)
            return flush()
        }
        guard queue.offer(message) else { return dismiss() }
        if queue.isBehind, behindSince == nil { behindSince = bridge.now }
    }

    private func drain() {
        guard !isOver else { return }
        if resumesLater { resume() }
        guard !queue.isEmpty else { return }
        while isWritable, let next = queue.next() { write(next) }
        if !queue.isBehind { behindSince = nil }
        flush()
    }

    private func write(_ output: ListenerQueue.Output) {
        switch output {
        case .dropped(let count): write(StreamText.dropped(count, format))
        case .message(let message): write(message)
        }
    }

    // MARK: What a WebSocket client says

    private func take(_ target: StreamTarget, isText: Bool, _ bytes: ByteBuffer) {
        defer { hasSpoken = true }
        if isText, !hasSpoken, bridge.subscribe(self, target, bytes) { return }
        bridge.publish(from: self, target, isText: isText, bytes)
    }

    /// Whether the plugin is being asked about another subscription, and the client still waits for it.
    var isAsking: Bool { asking != nil && !isOver }

    private static let patienceMS = 1000

    /// Keeps a failure back while the client may still say, or has said, that it wants another stream.
    private func holds(_ ending: StreamEnding) -> Bool {
        guard case .failed = ending, socket != nil else { return false }
        let left = patience - bridge.now
        guard asking != nil || !hasSpoken && left > 0 else { return false }
        leaveGroup()
        // Whoever asks comes to an end of its own.
        guard asking == nil else { return true }
        held = ending
        let bound = NIOLoopBound(self, eventLoop: bridge.loop)
        bridge.loop.scheduleTask(in: .milliseconds(Int64(left) + 1)) {
            let this = bound.value
            if this.asking == nil, let held = this.held { this.end(held) }
        }
        return true
    }

    /// Keeps the question to the plugin.
    func asks(_ call: GRPCCall) { asking = call }

    private func leaveGroup() {
        if let group { bridge.remove(self, from: group, format: format) }
        group = nil
    }

    /// Hears nothing more of the stream that it has listened to.
    func leaveFeed() {
        asking = nil
        held = nil
        leaveGroup()
        while queue.next() != nil {}
        behindSince = nil
    }

    /// Goes on with another stream of the same loop; the client's messages are read again.
    func rejoined(_ result: Result<StreamWelcome, GatewayError>, _ target: StreamTarget, _ initial: StreamPacket?) {
        switch result {
        case .success(let welcome):
            guard !isOver else {
                let (loop, format) = (bridge.index, format)
                return bridge.run(on: home) { $0.leave(welcome.feed, loop: loop, format: format) }
            }
            group = bridge.add(self, to: welcome.feed, home: home, seen: welcome.number)
            writeBeginning(welcome, initial)
            flush()
            resume()
        case .failure(let error): fail(error)
        }
    }

    /// Ends the stream of this client alone.
    func fail(_ error: GatewayError) {
        asking = nil
        leave(.failed(error))
    }

    // MARK: What a WebSocket client publishes

    /// Answers what the client published.
    func tell(_ text: ByteBuffer) {
        guard !isOver else { return }
        write(text)
        flush()
    }

    /// Holds back what the client publishes.
    func pause() { socket?.pause() }

    /// Lets the client publish on, once it takes the answers: those of a client that never reads would pile up.
    func resume() {
        resumesLater = !isWritable
        if !resumesLater { socket?.resume() }
    }

    // MARK: Time

    func beat(now: Int) {
        guard !isOver else { return }
        if let behindSince, now - behindSince >= bridge.settings.stallTimeout * 1000 { return dismiss() }
        if let leavesAt, now >= leavesAt { return leave(.goingAway) }
        defer { isFresh = false }
        if let socket { return socket.beat() }
        guard !isFresh, isWritable, let text = StreamText.heartbeat(format) else { return }
        write(text)
        flush()
    }

    // MARK: The end

    /// Sends a client away that is too slow.
    private func dismiss() {
        let settings = bridge.settings
        leave(
            .failed(
                GatewayError(
                    .requestTimeout,
                    "the client is too slow: it lost more than \(settings.dropLimit) messages or did not catch up within "
                        + "\(settings.stallTimeout) s (settings stream-drop-limit, stream-stall-timeout)")))
    }

    /// Ends for a reason of its own.
    private func leave(_ ending: StreamEnding) {
        leaveGroup()
        end(ending)
    }

    /// The stream has ended; the bridge knows.
    func end(_ ending: StreamEnding) {
        guard !isOver, !holds(ending) else { return }
        if case .finished = ending {
            // A client that was slow still gets what waits.
            while let next = queue.next() { write(next) }
        }
        finish()
        if case .failed(let error) = ending { exchange.error = error }
        if let socket {
            socket.write(StreamText.ending(ending, format))
            socket.close(Self.closeCode(ending), Self.closeReason(ending))
        } else {
            exchange.letGo()
            exchange.write(StreamText.ending(ending, format))
            exchange.end()
        }
        socket = nil
    }

    /// The client has gone.
    private func gone() {
        guard !isOver else { return }
        leaveGroup()
        finish()
        socket = nil
    }

    /// Gives up before the stream was joined.
    func abandon() {
        guard !isOver else { return }
        finish()
    }

    private func finish() {
        isOver = true
        asking?.cancel()
        asking = nil
        bridge.listenerCount -= 1
    }

    private static func closeCode(_ ending: StreamEnding) -> WebSocketCloseCode {
        switch ending {
        case .finished: .normal
        case .goingAway: .goingAway
        case .failed(let error):
            switch error.code {
            case .serviceUnavailable: .tryAgainLater
            case _ where error.httpStatus < 500: .policyViolation
            default: .internalError
            }
        }
    }

    private static func closeReason(_ ending: StreamEnding) -> String {
        if case .failed(let error) = ending { error.message } else { "" }
    }
}

extension StreamListener: ExchangeOwner {
    func exchangeAborted() { gone() }
    func exchangeWritable() { drain() }
}
