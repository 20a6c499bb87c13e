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
    /// What has come of the body so far was delivered.
    func bodyReadComplete()
    /// The end of the body, with trailers where the client sent some.
    func bodyEnded(_ trailers: HeaderBlock?)
}

extension RequestBodySink {
    package func bodyReadComplete() {}
}

/// What a finished exchange was, for the access log and metrics.
package protocol ExchangeObserver: AnyObject {
    /// Called once when the answer is complete or the client is gone.
    func finished(_ exchange: Exchange)
    /// Called when a connection ended before its TLS handshake was done.
    func handshakeFailed(_ peer: Peer, _ why: String)
}
