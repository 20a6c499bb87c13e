import DataPlaneAPI
import NIOCore

/// One HTTP request and its response, bound to one event loop.
package final class Exchange {
    /// The request's head; without claims of an identity once the access layer has read them.
    package internal(set) var request: RequestHead
    /// The loop that everything about this exchange happens on.
    package let loop: any EventLoop
    /// The client's address.
    package let peer: Peer
    /// When the head was complete.
    package let started: NIODeadline

    /// Whoever has the exchange.
    var owner: (any ExchangeOwner)?
    /// The part of the answer that the owner waits for.
    var borrower: (any ExchangeOwner)?

    /// Which handler answered, for the access log and metrics.
    package var handledBy = HandlerName.none
    /// The DataPlaneService or other object that answered, for the access log.
    package var objectName = ""
    /// What the access layer knows about the request; that layer's own type.
    package var access: AnyObject?
    /// Whether the gateway would answer this itself and lets the upstream's own API do it.
    package var isUpstreamsAPI = false
    /// The error that was answered, for the access log.
    package var error: GatewayError?
    /// The status that was sent; 0 while none was.
    package internal(set) var status = 0
    /// Bytes of body sent.
    package internal(set) var bytesSent = 0
    /// Fields that every answer to this request gets, errors too.
    package var answerFields = HeaderBlock()

    private var finishers: [() -> Void] = []
    /// What is given back at the end.
    private(set) var kept: [any AnyObject & Sendable] = []
    var cachedPath: CanonicalPath?
    /// What bodies that are gathered are charged to; nil for nothing.
    package let bodies: BodyBudget?
    /// What carries it, until it is over.
    private(set) var transport: (any ExchangeTransport)?

    /// An exchange that is carried by a transport; call on its loop.
    ///
    /// - Parameter bodies: what bodies that are gathered are charged to.
    package init(
        request: RequestHead, loop: any EventLoop, peer: Peer, transport: any ExchangeTransport,
        bodies: BodyBudget? = nil
    ) {
        self.bodies = bodies
        self.request = request
        self.loop = loop
        self.peer = peer
        self.started = .now()
        self.transport = transport
    }

    /// Ends the exchange when the process stops; nil for one that ends by itself soon enough.
    private var onDrain: (() -> Void)?
    /// Whether the answer has no end of its own, so that a stop doesn't wait for it.
    private(set) var isEndless = false

    /// Says how to end an answer that has no end of its own when the process stops; called on the loop, also when it
    /// stops already.
    package func whenDraining(_ body: @escaping () -> Void) {
        guard let transport else { return }
        onDrain = body
        isEndless = true
        guard transport.isDraining else { return }
        // Whoever says this is in the middle of something.
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.execute { bound.value.drain() }
    }

    /// The process stops.
    func drain() {
        guard !isOver else { return }
        onDrain?()
    }

    /// Keeps something until the exchange is over: what it gives back when it goes is given back then.
    package func keep(_ thing: any AnyObject & Sendable) { kept.append(thing) }

    /// Calls `body` once when the exchange is over, however it ends.
    package func whenFinished(_ body: @escaping () -> Void) { finishers.append(body) }

    /// Nothing can be read or written any more.
    func close() {
        transport = nil
        letGo()
        finish()
    }

    /// What waits for the end goes on.
    func finish() {
        let all = finishers
        finishers = []
        kept = []
        onDrain = nil
        for body in all { body() }
    }

    /// Whether the exchange is over: answered completely, or the client is gone.
    package var isOver: Bool { transport == nil }
    /// Whether the answer's head was sent.
    package var isResponseStarted: Bool { status != 0 }
    /// Whether the client keeps up; while false, stop producing until the owner is told.
    package var isWritable: Bool { transport?.isWritable ?? false }

    // MARK: Request body

    /// Delivers the body to a sink, from now on; sends `100 Continue` first if the client waits for it.
    ///
    /// - Parameter sendContinue: false when somebody else (the upstream) decides about it.
    package func receiveBody(_ sink: any RequestBodySink, sendContinue: Bool = true) {
        transport?.deliver(to: sink, sendContinue: sendContinue)
    }

    /// Stops delivering body parts, and reading from the client, until `resumeBody`.
    package func pauseBody() { transport?.pauseBody() }
    /// Goes on delivering body parts.
    package func resumeBody() { transport?.resumeBody() }

    /// Gathers the whole body; one that is packed with gzip is unpacked, and the request doesn't say so any more.
    ///
    /// It counts towards the budget of all bodies until the exchange is over: 503 where it doesn't fit.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are accepted, packed and unpacked.
    ///   - setting: the name of the setting that the limit comes from, for the 413; empty for one that is fixed.
    ///   - done: called once, unless the client goes away before.
    package func collectBody(
        limit: Int, setting: String, _ done: @escaping (Result<[UInt8], GatewayError>) -> Void
    ) {
        var length: Int?
        if case .known(let known) = request.body {
            guard known <= limit else { return done(.failure(GatewayError.bodyTooLarge(limit, setting))) }
            do throws(GatewayError) { try bodies?.check(known) } catch { return done(.failure(error)) }
            length = known
        }
        if request.body == .none { return done(.success([])) }
        let coding: ContentCoding
        do throws(GatewayError) { coding = try ContentCoding(request.headers) } catch {
            // RFC 9110, 12.5.3: what would have been taken.
            answerFields.add("Accept-Encoding", "gzip")
            return done(.failure(error))
        }
        let charge = bodies.map { BodyCharge($0) }
        if let charge { keep(charge) }
        guard coding == .gzip else {
            return receiveBody(
                BodyCollector(limit: limit, setting: setting, length: length, charge: charge, done))
        }
        request.headers.fields.removeAll { $0.known == .contentEncoding }
        guard let inflater = Inflater() else { return done(.failure(Inflater.noMemory)) }
        receiveBody(
            UnpackingCollector(self, limit: limit, setting: setting, inflater: inflater, charge: charge, done))
    }

    // MARK: Response

    /// Sends an interim answer (103 and the like), where the client can take one.
    package func interim(_ status: Int, reason: UnsafeRawBufferPointer?, fields: (inout FieldWriter) -> Void) {
        if !isResponseStarted { transport?.interim(status, reason: reason, fields) }
    }

    /// Starts the answer.
    ///
    /// - Parameters:
    ///   - status: the status number.
    ///   - reason: the reason phrase; nil for the standard one.
    ///   - body: the body to follow.
    ///   - statedLength: a length to state although no body follows (HEAD, 304).
    ///   - fields: writes the header fields; those of framing and of the connection are the transport's.
    package func start(
        status: Int, reason: UnsafeRawBufferPointer? = nil, body: BodyLength, statedLength: Int? = nil,
        fields: (inout FieldWriter) -> Void
    ) {
        guard let transport, !isResponseStarted else { return }
        self.status = status
        guard !answerFields.fields.isEmpty else {
            return transport.start(status, reason: reason, body: body, statedLength: statedLength, fields)
        }
        transport.start(status, reason: reason, body: body, statedLength: statedLength) { head in
            fields(&head)
            head.add(answerFields)
        }
    }

    /// Adds to the body; nothing leaves before `flush` unless a lot has gathered.
    package func write(_ part: ByteBuffer) {
        guard let transport else { return }
        bytesSent &+= part.readableBytes
        transport.write(part)
    }

    /// Sends what has been written.
    package func flush() { transport?.flush() }

    /// Ends the answer and flushes.
    package func end(trailers: HeaderBlock? = nil) { transport?.end(trailers) }

    /// Takes back what was answered, where nothing of it has left yet; another answer may follow.
    package func retract() -> Bool {
        guard isResponseStarted, let transport, transport.retract() else { return false }
        status = 0
        bytesSent = 0
        return true
    }

    /// Cuts the connection: the only way to tell the client that an answer which has begun is broken.
    package func abort() { transport?.abort() }

    /// Answers that HTTP is left, and leaves it: bytes go both ways as they are, the client's to the sink.
    ///
    /// - Parameter opened: called when the answer is out and before anything is delivered.
    package func upgrade(
        reason: UnsafeRawBufferPointer? = nil, to sink: any RequestBodySink, fields: (inout FieldWriter) -> Void,
        opened: () -> Void = {}
    ) {
        guard let transport, !isResponseStarted else { return }
        status = 101
        transport.upgrade(reason: reason, to: sink, fields, opened: opened)
    }
}
