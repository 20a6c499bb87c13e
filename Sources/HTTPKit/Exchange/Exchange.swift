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

    /// Called when the client goes away before the answer is complete; nothing may be written afterwards.
    package var onAbort: (() -> Void)?
    /// Called when the client takes more bytes after `isWritable` was false.
    package var onWritable: (() -> Void)?

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
    /// Complete lines that every answer to this request gets, errors too.
    package var answerFields: [UInt8] = []

    private var finishers: [() -> Void] = []
    var cachedPath: CanonicalPath?
    /// The connection, until the exchange is over.
    var connection: ServerConnection?

    init(request: RequestHead, loop: any EventLoop, peer: Peer, connection: ServerConnection) {
        self.request = request
        self.loop = loop
        self.peer = peer
        self.started = .now()
        self.connection = connection
    }

    /// Ends the exchange when the process stops; nil for one that ends by itself soon enough.
    private var onDrain: (() -> Void)?
    /// Whether the answer has no end of its own, so that a stop doesn't wait for it.
    private(set) var isEndless = false

    /// Says how to end an answer that has no end of its own when the process stops; called on the loop, also when it
    /// stops already.
    package func whenDraining(_ body: @escaping () -> Void) {
        guard let connection else { return }
        onDrain = body
        isEndless = true
        guard connection.context.isDraining else { return }
        // Whoever says this is in the middle of something.
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.execute { bound.value.drain() }
    }

    /// The process stops.
    func drain() {
        guard !isOver else { return }
        onDrain?()
    }

    /// Calls `body` once when the exchange is over, however it ends.
    package func whenFinished(_ body: @escaping () -> Void) { finishers.append(body) }

    func finish() {
        let all = finishers
        finishers = []
        onDrain = nil
        for body in all { body() }
    }

    /// Whether the exchange is over: answered completely, or the client is gone.
    package var isOver: Bool { connection == nil }
    /// Whether the answer's head was sent.
    package var isResponseStarted: Bool { status != 0 }
    /// Whether the client keeps up; while false, stop producing and wait for `onWritable`.
    package var isWritable: Bool { connection?.isWritable ?? false }

    // MARK: Request body

    /// Delivers the body to a sink, from now on; sends `100 Continue` first if the client waits for it.
    ///
    /// - Parameter sendContinue: false when somebody else (the upstream) decides about it.
    package func receiveBody(_ sink: any RequestBodySink, sendContinue: Bool = true) {
        guard let connection else { return }
        if sendContinue, request.expectsContinue { connection.writeContinue() }
        connection.attach(sink)
    }

    /// Stops delivering body parts, and reading from the client, until `resumeBody`.
    package func pauseBody() { connection?.pauseBody() }
    /// Goes on delivering body parts.
    package func resumeBody() { connection?.resumeBody() }

    /// Gathers the whole body; one that is packed with gzip is unpacked, and the request doesn't say so any more.
    ///
    /// - Parameters:
    ///   - limit: the most bytes that are accepted, packed and unpacked.
    ///   - setting: the name of the setting that the limit comes from, for the 413.
    ///   - done: called once, unless the client goes away before.
    package func collectBody(
        limit: Int, setting: String, _ done: @escaping (Result<ByteBuffer, GatewayError>) -> Void
    ) {
        if case .length(let length) = request.framing, length > limit {
            return done(.failure(BodyCollector.tooLarge(limit, setting)))
        }
        if request.framing == .none { return done(.success(ByteBuffer())) }
        let coding: ContentCoding
        do throws(GatewayError) { coding = try ContentCoding(request.headers) } catch {
            // RFC 9110, 12.5.3: what would have been taken.
            answerFields += Array("Accept-Encoding: gzip\r\n".utf8)
            return done(.failure(error))
        }
        guard coding == .gzip else { return receiveBody(BodyCollector(limit: limit, setting: setting, done)) }
        request.headers.fields.removeAll { $0.known == .contentEncoding }
        guard let inflater = Inflater() else { return done(.failure(Inflater.noMemory)) }
        receiveBody(UnpackingCollector(self, limit: limit, setting: setting, inflater: inflater, done))
    }

    // MARK: Response

    /// Sends an interim answer (100, 103); nothing for HTTP/1.0 clients.
    package func writeInterim(_ head: ByteBuffer) {
        guard !request.isHTTP10, !isResponseStarted else { return }
        connection?.writeInterim(head)
    }

    /// Starts the answer.
    ///
    /// - Parameters:
    ///   - status: the status number.
    ///   - reason: the reason phrase; nil for the standard one.
    ///   - framing: the body to follow. Chunked becomes close-delimited for an HTTP/1.0 client.
    ///   - statedLength: a Content-Length to state although no body follows (HEAD, 304).
    ///   - fields: writes the header fields, each `Name: value` CR LF; framing and connection fields are added here.
    package func start(
        status: Int, reason: UnsafeRawBufferPointer? = nil, framing: BodyFraming, statedLength: Int? = nil,
        fields: (inout ByteBuffer) -> Void
    ) {
        guard let connection, !isResponseStarted else { return }
        self.status = status
        if answerFields.isEmpty { return connection.startResponse(status, reason, framing, statedLength, fields) }
        connection.startResponse(status, reason, framing, statedLength) { head in
            fields(&head)
            head.writeBytes(answerFields)
        }
    }

    /// Adds to the body; nothing leaves before `flush` unless a lot has gathered.
    package func write(_ part: ByteBuffer) {
        guard let connection else { return }
        bytesSent &+= part.readableBytes
        connection.writeBody(part)
    }

    /// Sends what has been written.
    package func flush() { connection?.flush() }

    /// Ends the answer and flushes.
    package func end(trailers: ByteBuffer? = nil) { connection?.endResponse(trailers) }

    /// Takes back what was answered, where nothing of it has left yet; another answer may follow.
    func retract() -> Bool {
        guard isResponseStarted, let connection, connection.retractResponse() else { return false }
        status = 0
        bytesSent = 0
        return true
    }

    /// Cuts the connection: the only way to tell the client that an answer which has begun is broken.
    package func abort() { connection?.abort() }

    /// Turns the connection into a raw tunnel after a 101 was written; client bytes go to the sink.
    func startTunnel(_ sink: any RequestBodySink) { connection?.startTunnel(sink) }
}
