import DataPlaneAPI
import NIOCore
import NIOPosix

/// One form for a server, on a connection of its own; bounded in time and size, redirects are answers like any other.
package struct FormPost {
    /// What messages call the server.
    let name: String
    /// The `Host` field.
    let host: String
    /// Path and query.
    let target: [UInt8]
    /// The encoded form.
    let form: [UInt8]
    /// For everything, from the look-up of the name to the last byte of the answer.
    let seconds: Int

    /// The most bytes of an answer's body.
    package static let answerLimit = 256 * 1024

    /// A form.
    package init(name: String, host: String, target: [UInt8], form: [UInt8], seconds: Int) {
        self.name = name
        self.host = host
        self.target = target
        self.form = form
        self.seconds = seconds
    }

    /// Sends the form; call on the pool's loop.
    ///
    /// - Parameter done: called once; with 504 when it takes too long, 502 when the server can't be reached or breaks
    ///   off, 403 when its address may not be dialled.
    package func send(
        through pool: UpstreamPool, _ done: @escaping (Result<UpstreamFetch.Answer, GatewayError>) -> Void
    ) {
        let call = FormPostCall(self, done)
        let bound = NIOLoopBound(call, eventLoop: pool.loop)
        call.timer = pool.loop.scheduleTask(in: .seconds(Int64(seconds))) { bound.value.timedOut() }
        call.wait = pool.connect { result in
            switch result {
            case .success(let connection): call.send(on: connection)
            case .failure(let error): call.unreachable(error)
            }
        }
    }

    /// The whole request.
    var request: ByteBuffer {
        var out = ByteBuffer(staticString: "POST ")
        out.writeBytes(target)
        out.writeStaticString(" HTTP/1.1\r\n")
        var head = FieldWriter(out)
        head.add("Host", host)
        head.add("User-Agent", fixed: "dataplane-gateway")
        head.add("Accept", fixed: "application/json")
        head.add("Content-Type", fixed: "application/x-www-form-urlencoded")
        head.out.writeLengthField(form.count)
        head.out.writeStaticString("\r\n")
        head.out.writeBytes(form)
        return head.out
    }
}

/// A form on its way.
private final class FormPostCall: UpstreamConnectionUser {
    private let post: FormPost
    private var done: ((Result<UpstreamFetch.Answer, GatewayError>) -> Void)?
    private var connection: UpstreamConnection?
    private var head: ResponseHead?
    private var body: [UInt8] = []
    var timer: Scheduled<Void>?
    var wait: PoolWait?

    init(_ post: FormPost, _ done: @escaping (Result<UpstreamFetch.Answer, GatewayError>) -> Void) {
        self.post = post
        self.done = done
    }

    func send(on connection: UpstreamConnection) {
        self.connection = connection
        connection.begin(self, method: .post)
        connection.writeAndFlush(post.request)
    }

    private func finish(_ result: Result<UpstreamFetch.Answer, GatewayError>) {
        guard let done else { return }
        self.done = nil
        timer?.cancel()
        timer = nil
        wait?.cancel()
        wait = nil
        let connection = connection
        self.connection = nil
        connection?.close()
        done(result)
    }

    private func fail(_ code: ErrorCode, _ why: String, cause: String? = nil) {
        finish(.failure(GatewayError(code, "\(post.name) \(why)", source: .upstream, cause: cause)))
    }

    func unreachable(_ error: any Error) {
        if let fault = error as? TLSClientFault {
            return fail(.badGateway, "can't be reached: the TLS handshake failed: \(fault.why)")
        }
        guard let known = error as? GatewayError else {
            return fail(.badGateway, "can't be reached: \(describe(error))")
        }
        // The host may come from the data source's settings, which aren't everybody's to read.
        switch known.code {
        case .forbidden:
            fail(.forbidden, "may not be reached: its address is not one that the proxy dials", cause: known.cause)
        case .badGateway: fail(.badGateway, "can't be reached: its host name does not resolve", cause: known.message)
        case .gatewayTimeout:
            fail(.gatewayTimeout, "can't be reached: its host name can't be looked up", cause: known.message)
        default: fail(known.code, "can't be reached: \(known.message)", cause: known.cause)
        }
    }

    func timedOut() { fail(.gatewayTimeout, "did not answer within \(post.seconds) s") }

    func upstreamHead(_ head: ResponseHead) {
        if head.status == 101 { return fail(.badGateway, "switched protocols although nobody asked") }
        if head.status >= 200 { self.head = head }
    }

    func upstreamPart(_ part: ByteBuffer) {
        guard body.count + part.readableBytes <= FormPost.answerLimit else {
            return fail(.badGateway, "answered with more than \(FormPost.answerLimit / 1024) KiB")
        }
        body.append(contentsOf: part.readableBytesView)
    }

    func upstreamEnd(_ trailers: HeaderBlock?) {
        guard let head else { return fail(.badGateway, "did not answer") }
        finish(
            .success(
                UpstreamFetch.Answer(
                    status: head.status, contentType: head.headers.firstValue(.contentType) ?? "", body: body)))
    }

    func upstreamReadComplete() {}
    func upstreamWritable() {}
    func upstreamFailed(_ why: String) { fail(.badGateway, "failed before it answered: \(why)") }
    func upstreamTimedOut() { timedOut() }
}
