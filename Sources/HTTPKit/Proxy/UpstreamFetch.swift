import DataPlaneAPI
import NIOCore

/// Asks the upstream something on the gateway's own account, with the caller's credentials.
package final class UpstreamFetch {
    /// An answer.
    package struct Answer: Sendable {
        /// The status number.
        package let status: Int
        /// The media type.
        package let contentType: String
        /// The body.
        package let body: [UInt8]
    }

    private var connection: UpstreamConnection?
    private var wait: PoolWait?
    private var done: ((Answer?) -> Void)?
    private var head: ResponseHead?
    private var body: [UInt8] = []
    private let limit: Int

    private init(limit: Int, _ done: @escaping (Answer?) -> Void) {
        self.limit = limit
        self.done = done
    }

    /// Sends a GET; `done` gets nil when there is no answer within the time or it is larger than the limit.
    ///
    /// - Parameters:
    ///   - path: path and query below the upstream's base path.
    ///   - accept: the `Accept` field.
    ///   - headers: a request's, whose `Authorization`, `Cookie` and `Host` fields go along.
    ///   - milliseconds: the time.
    package static func get(
        _ path: String, accept: String, headers: HeaderBlock, pool: UpstreamPool, milliseconds: Int,
        limit: Int = 8 * 1024 * 1024, _ done: @escaping (Answer?) -> Void
    ) {
        let fetch = UpstreamFetch(limit: limit, done)
        let bound = NIOLoopBound(fetch, eventLoop: pool.loop)
        let timer = pool.loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { bound.value.finish(nil) }
        let inner = fetch.done
        fetch.done = { answer in
            timer.cancel()
            inner?(answer)
        }
        var fields = FieldWriter(ByteBuffer(string: "GET \(pool.endpoint.basePath)\(path) HTTP/1.1\r\n"))
        fields.add("Accept", accept)
        fields.copy(headers) { [.host, .authorization, .cookie].contains($0.known) }
        fields.out.writeStaticString("\r\n")
        let head = fields.out
        if let idle = pool.takeIdle() { return fetch.send(head, on: idle) }
        fetch.wait = pool.connect { result in
            guard case .success(let connection) = result else { return fetch.finish(nil) }
            fetch.send(head, on: connection)
        }
    }

    private func send(_ head: ByteBuffer, on connection: UpstreamConnection) {
        self.connection = connection
        connection.begin(self, method: .get)
        connection.writeAndFlush(head)
    }

    /// The connection is not used again: these questions are rare.
    private func finish(_ answer: Answer?) {
        guard let done else { return }
        self.done = nil
        wait?.cancel()
        wait = nil
        let connection = connection
        self.connection = nil
        connection?.close()
        done(answer)
    }
}

extension UpstreamFetch: UpstreamConnectionUser {
    func upstreamHead(_ head: ResponseHead) {
        if head.status >= 200 { self.head = head }
    }

    func upstreamPart(_ part: ByteBuffer) {
        guard body.count + part.readableBytes <= limit else { return finish(nil) }
        body.append(contentsOf: part.readableBytesView)
    }

    func upstreamEnd(_ trailers: HeaderBlock?) {
        guard let head else { return finish(nil) }
        finish(
            Answer(status: head.status, contentType: head.headers.firstValue(.contentType) ?? "", body: body))
    }

    func upstreamReadComplete() {}
    func upstreamWritable() {}
    func upstreamFailed(_ why: String) { finish(nil) }
    func upstreamTimedOut() { finish(nil) }
}

/// Asks the upstream from structured concurrency; has a pool of its own on one loop.
package final class UpstreamAsker: Sendable {
    private let loop: any EventLoop
    private let pool: NIOLoopBound<UpstreamPool>

    /// An asker for an upstream.
    package static func make(
        _ endpoint: UpstreamEndpoint, dialer: Dialer, on loop: any EventLoop
    ) async throws -> UpstreamAsker {
        let pool = try await loop.submit {
            NIOLoopBound(
                UpstreamPool(endpoint: endpoint, loop: loop, transport: UpstreamTransport(dialer: dialer)),
                eventLoop: loop)
        }.get()
        return UpstreamAsker(loop: loop, pool: pool)
    }

    private init(loop: any EventLoop, pool: NIOLoopBound<UpstreamPool>) {
        self.loop = loop
        self.pool = pool
    }

    /// The answer to a GET; nil when there is none within the time.
    package func get(
        _ path: String, accept: String, headers: HeaderBlock, milliseconds: Int
    ) async -> UpstreamFetch.Answer? {
        await withCheckedContinuation { continuation in
            loop.execute {
                UpstreamFetch.get(
                    path, accept: accept, headers: headers, pool: self.pool.value, milliseconds: milliseconds
                ) { continuation.resume(returning: $0) }
            }
        }
    }
}
