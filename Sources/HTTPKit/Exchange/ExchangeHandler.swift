import NIOCore

/// One link of the chain: answers an exchange or hands it to its delegate.
///
/// A handler belongs to one event loop and is only called there, so it needs no lock.
package protocol ExchangeHandler: AnyObject {
    /// Takes over an exchange; called once per request, on the exchange's loop.
    func handle(_ exchange: Exchange)
}

/// Takes a request's body part by part, on the exchange's loop.
package protocol RequestBodySink: AnyObject {
    /// Some of the body.
    func bodyReceived(_ part: ByteBuffer)
    /// The end of the body, with trailers where the client sent some.
    func bodyEnded(_ trailers: HeaderBlock?)
}

/// What a finished exchange was, for the access log and metrics.
package protocol ExchangeObserver: AnyObject {
    /// Called once when the answer is complete or the client is gone.
    func finished(_ exchange: Exchange)
    /// Called when a connection ended before its TLS handshake was done.
    func handshakeFailed(_ peer: Peer, _ why: String)
}

/// The handlers that answer exchanges, as logs and metrics call them: a bounded set.
package enum HandlerName: String, CaseIterable, Sendable {
    /// Refused before any handler.
    case none
    /// Services of plugins, by their types.
    case query, stream, resource, route, health, metrics, admission, conversion, proxy
    /// The gateway's own API server.
    case api
    /// Passed on to the upstream.
    case upstream
    /// The admin listener.
    case admin

    /// The place in a table of all names.
    package var index: Int {
        switch self {
        case .none: 0
        case .query: 1
        case .stream: 2
        case .resource: 3
        case .route: 4
        case .health: 5
        case .metrics: 6
        case .admission: 7
        case .conversion: 8
        case .proxy: 9
        case .api: 10
        case .upstream: 11
        case .admin: 12
        }
    }
}
