import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix

/// One request on our own account; bounded in time and size, redirects are answers like any other.
package struct OriginFetch {
    /// The answer to a fetch.
    package struct Answer: Sendable {
        /// The status number.
        package let status: Int
        /// The fields.
        package let headers: HeaderBlock
        /// The body.
        package let body: [UInt8]

        /// The media type; empty for none.
        package var contentType: String { headers.firstValue(.contentType) ?? "" }
    }

    /// What messages call the origin.
    let name: String
    /// The method, an upper-case token.
    let method: String
    /// Path and query.
    let target: [UInt8]
    /// All fields but those of framing and of the connection, which are the codec's.
    let fields: HeaderBlock
    /// The body; nil for none.
    let body: [UInt8]?
    /// For everything, from the look-up of the name to the last byte of the answer.
    let milliseconds: Int
    /// The most bytes of an answer's body.
    let limit: Int
    /// Whether it goes over a connection that others used, and leaves it to others.
    let sharesConnection: Bool

    /// A request.
    package init(
        name: String, method: String = "GET", target: [UInt8], fields: HeaderBlock, body: [UInt8]? = nil,
        milliseconds: Int, limit: Int, sharesConnection: Bool = false
    ) {
        self.name = name
        self.method = method
        self.target = target
        self.fields = fields.filter { !Self.isOfConnection($0.known) }
        self.body = body
        self.milliseconds = milliseconds
        self.limit = limit
        self.sharesConnection = sharesConnection
    }

    /// A form.
    ///
    /// - Parameter host: the `Host` field.
    package static func form(
        name: String, host: String, target: [UInt8], form: [UInt8], seconds: Int, limit: Int = 256 * 1024
    ) -> OriginFetch {
        var fields: HeaderBlock = [
            "User-Agent": "dataplane-gateway", "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        ]
        fields.add("Host", host)
        return OriginFetch(
            name: name, method: "POST", target: target, fields: fields, body: form, milliseconds: seconds * 1_000,
            limit: limit)
    }

    private static func isOfConnection(_ known: KnownHeader) -> Bool {
        switch known {
        case .connection, .contentLength, .expect, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding,
            .upgrade:
            true
        default: false
        }
    }

    /// Why it can't be written as a request; nil when it can.
    ///
    /// What ends a line early would begin another request.
    private var fault: String? {
        guard HeaderBlock.isName(method.utf8) else { return "its method is no token" }
        guard target.first == UInt8(ascii: "/"), target.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return "its path must begin with a slash and be encoded: blanks and control characters are written as %20"
        }
        return nil
    }

    /// Sends it; call on the pool's loop.
    ///
    /// - Parameter done: called once; with 400 when method or path can't be written, with 504 when it takes too long, 502 when the origin can't be reached, breaks off or
    ///   says more than the limit, 403 when its address may not be dialled.
    package func send(through pool: OriginPool, _ done: @escaping (Result<Answer, GatewayError>) -> Void) {
        if let fault {
            return done(
                .failure(GatewayError(.badRequest, "a request to \(name) can't be sent: \(fault)", source: .gateway)))
        }
        let call = OriginFetchCall(self, pool, done)
        let bound = NIOLoopBound(call, eventLoop: pool.loop)
        call.timer = pool.loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { bound.value.originTimedOut() }
        call.start()
    }

    /// The whole request.
    var bytes: ByteBuffer {
        var out = ByteBuffer(string: method)
        out.writeStaticString(" ")
        out.writeBytes(target)
        out.writeStaticString(" HTTP/1.1\r\n")
        var head = FieldWriter(out)
        head.add(fields)
        // A method that usually has a body states that it has none.
        if body != nil || ["POST", "PUT", "PATCH"].contains(method) { head.addLength(body?.count ?? 0) }
        out = head.finished()
        if let body { out.writeBytes(body) }
        return out
    }
}

/// A fetch on its way.
private final class OriginFetchCall: OriginConnectionUser {
    private let fetch: OriginFetch
    private let pool: OriginPool
    private var done: ((Result<OriginFetch.Answer, GatewayError>) -> Void)?
    private var connection: OriginConnection?
    private var head: ResponseHead?
    private var body: [UInt8] = []
    var timer: Scheduled<Void>?
    private var wait: PoolWait?

    init(
        _ fetch: OriginFetch, _ pool: OriginPool, _ done: @escaping (Result<OriginFetch.Answer, GatewayError>) -> Void
    ) {
        self.fetch = fetch
        self.pool = pool
        self.done = done
    }

    func start() {
        if fetch.sharesConnection, let idle = pool.takeIdle() { return send(on: idle) }
        connect()
    }

    private func connect() {
        wait = pool.connect { [self] result in
            wait = nil
            switch result {
            case .success(let connection): send(on: connection)
            case .failure(let error): unreachable(error)
            }
        }
    }

    private func send(on connection: OriginConnection) {
        self.connection = connection
        connection.begin(self, method: HTTPMethod(fetch.method))
        connection.writeAndFlush(fetch.bytes)
    }

    private func finish(_ result: Result<OriginFetch.Answer, GatewayError>) {
        guard let done else { return }
        self.done = nil
        timer?.cancel()
        timer = nil
        wait?.cancel()
        wait = nil
        let connection = connection
        self.connection = nil
        if let connection {
            if case .success = result, fetch.sharesConnection { pool.put(connection) } else { connection.close() }
        }
        done(result)
    }

    private func fail(_ code: ErrorCode, _ why: String, cause: String? = nil) {
        finish(.failure(GatewayError(code, "\(fetch.name) \(why)", source: .upstream, cause: cause)))
    }

    private func unreachable(_ error: any Error) {
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

    func originTimedOut() {
        fail(.gatewayTimeout, "did not answer within \(Self.text(fetch.milliseconds))")
    }

    private static func text(_ milliseconds: Int) -> String {
        milliseconds.isMultiple(of: 1_000) ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }

    func originHead(_ head: ResponseHead) {
        if head.status == 101 { return fail(.badGateway, "switched protocols although nobody asked") }
        if head.status >= 200 { self.head = head }
    }

    func originPart(_ part: ByteBuffer) {
        guard body.count + part.readableBytes <= fetch.limit else {
            return fail(.badGateway, "answered with more than \(fetch.limit / 1024) KiB")
        }
        body.append(contentsOf: part.readableBytesView)
    }

    func originEnd(_ trailers: HeaderBlock?) {
        guard let head else { return fail(.badGateway, "did not answer") }
        finish(.success(OriginFetch.Answer(status: head.status, headers: head.headers, body: body)))
    }

    func originReadComplete() {}
    func originWritable() {}

    func originFailed(_ why: String) {
        // A shared connection may be closed by the server just as we use it; nothing is lost where nothing came and the
        // request may be sent again.
        if let connection, connection.served > 1, head == nil, HTTPMethod(fetch.method).isIdempotent {
            self.connection = nil
            return connect()
        }
        fail(.badGateway, "failed before it answered: \(why)")
    }
}
