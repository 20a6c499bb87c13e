import Access
import DataPlaneAPI
import HTTPKit
import NIOCore

/// The handler of the API server on one event loop: takes requests off the loop, and brings answers back to it.
package final class APIServerHandler: ExchangeHandler {
    private let core: APIServerCore
    private let gate: any Gate
    private let policy: (any Authorizer)?
    private let next: any ExchangeHandler
    private let paths: LoopPaths
    private var watches: LoopWatches?

    /// A handler for one event loop.
    ///
    /// - Parameters:
    ///   - core: what all loops share.
    ///   - gate: asked before anything is answered.
    ///   - policy: what functions of kinds may ask about what users may do.
    ///   - claims: the groups that are claimed, as the loop has them; nil where it has none of its own.
    ///   - next: the delegate.
    package init(
        core: APIServerCore, gate: any Gate, policy: (any Authorizer)? = nil,
        claims: (() -> any ClaimedGroups)? = nil, next: any ExchangeHandler
    ) {
        self.core = core
        paths = LoopPaths(core.registry, claims: claims ?? core.claims, hasUpstream: core.hasUpstream)
        self.gate = gate
        self.policy = policy
        self.next = next
    }

    /// Answers the exchange or hands it on.
    package func handle(_ exchange: Exchange) {
        guard exchange.request.withPath(Self.mayBeOurs), let route = APIRoute.find(exchange.path, paths.now) else {
            return next.handle(exchange)
        }
        exchange.handledBy = .api
        // Grafana's pages read what groups there are, with Grafana's own credentials.
        let isUpstreams = route.isDiscovery && core.hasUpstream && exchange.carriesUpstreamCredential
        switch gate.verdict(exchange, .request(exchange)) {
        case .allowed: serve(exchange, route)
        case .refused(let error): refuse(exchange, error, isUpstreams: isUpstreams)
        case nil:
            gate.ask(exchange, .request(exchange)) { [self] verdict in
                switch verdict {
                case .allowed: serve(exchange, route)
                case .refused(let error): refuse(exchange, error, isUpstreams: isUpstreams)
                }
            }
        }
    }

    private func refuse(_ exchange: Exchange, _ error: GatewayError, isUpstreams: Bool) {
        guard isUpstreams, [.get, .head].contains(exchange.request.method) else { return exchange.respond(error) }
        exchange.isUpstreamsAPI = true
        next.handle(exchange)
    }

    private func serve(_ exchange: Exchange, _ route: APIRoute) {
        if case .resource(let target) = route { exchange.objectName = target.name ?? "" }
        var request = APIRequest(exchange)
        request.authorizer = policy.map { LoopAuthorizer($0, on: exchange.loop) }
        if let error = request.unreadableParameter { return exchange.respond(error) }
        guard [.post, .put, .patch, .delete].contains(request.method) else {
            return answer(exchange, request, route)
        }
        exchange.collectBody(limit: core.bodyLimit, setting: "api-request-limit") { [weak self] result in
            switch result {
            case .success(let body):
                request.body = body
                self?.answer(exchange, request, route)
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    /// Almost every path is the upstream's, also most of `/api/…`: no text is made of those.
    private static func mayBeOurs(_ path: UnsafeRawBufferPointer) -> Bool {
        if path.starts(with: "/api".utf8) {
            return path.count <= 5 || path.starts(with: "/apis".utf8) || path.starts(with: "/api/v1".utf8)
        }
        return path.starts(with: "/openapi".utf8) || path.starts(with: "/version".utf8)
            || path.starts(with: "/livez".utf8) || path.starts(with: "/readyz".utf8)
    }

    private func answer(_ exchange: Exchange, _ request: APIRequest, _ route: APIRoute) {
        if let response = core.answerAtOnce(request, route) { return Self.respond(exchange, request, response) }
        let bound = NIOLoopBound(exchange, eventLoop: exchange.loop)
        let core = core
        let loop = exchange.loop
        let handler = NIOLoopBound(self, eventLoop: exchange.loop)
        let isRead = request.method == .get || request.method == .head
        // Writes are read, checked and made away from the loop, as many at a time as there are processors; who only reads
        // doesn't queue up behind them.
        let task = Task(priority: isRead ? .high : nil) { @Sendable in
            let answer = await core.answer(request, route)
            loop.execute { handler.value.finish(bound.value, request, answer) }
        }
        // Nothing is read or rendered for a client that left; what it wanted to be written may have been its last word.
        if isRead { exchange.take(AbandonedWork { task.cancel() }) }
    }

    private func finish(_ exchange: Exchange, _ request: APIRequest, _ answer: APIServerCore.Answer) {
        exchange.letGo()
        switch answer {
        case .response(let response): Self.respond(exchange, request, response)
        case .list(let list): ListAnswer.start(exchange, request, list)
        case .watch(let start):
            let watches = watches ?? LoopWatches(exchange.loop, core)
            self.watches = watches
            watches.start(exchange, request, start)
        }
    }

    private static func respond(_ exchange: Exchange, _ request: APIRequest, _ response: APIResponse) {
        guard !exchange.isOver else { return }
        exchange.error = response.error
        exchange.respond(response.status, contentType: response.contentType, body: ByteBuffer(bytes: response.body)) {
            writeFields(&$0, request, response)
        }
    }

    /// The fields that every answer has, and those of this one.
    static func writeFields(_ head: inout FieldWriter, _ request: APIRequest, _ response: APIResponse) {
        let audit = request.headers.firstValue(named: "audit-id") ?? ""
        head.add("Audit-Id", audit.isEmpty ? RandomText.uuid() : String(audit.prefix(128)))
        var caches = false
        for field in response.fields {
            switch field {
            case .etag(let value): head.add("ETag", value)
            case .cacheControl(let value):
                head.add("Cache-Control", value)
                caches = true
            case .vary(let value): head.add("Vary", value)
            case .expires(let value): head.add("Expires", value)
            case .location(let value): head.add("Location", value)
            case .noSniff: head.add("X-Content-Type-Options", fixed: "nosniff")
            }
        }
        if !caches { head.add("Cache-Control", fixed: "no-cache, private") }
        for warning in response.warningFields { head.add("Warning", warning) }
        guard let error = response.error else { return }
        if let seconds = error.retryAfterSeconds { head.add("Retry-After", String(seconds)) }
        if !error.allow.isEmpty { head.add("Allow", error.allow.joined(separator: ", ")) }
    }
}
