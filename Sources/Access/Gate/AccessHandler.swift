import HTTPKit

/// Finds out who makes a request, before any handler sees it, and removes what only claims to say so.
///
/// Nothing is refused here: a credential that is unknown to the gateway may be the upstream's. `AccessGate` refuses, for
/// what the gateway answers itself.
package final class AccessHandler: ExchangeHandler {
    private let authenticators: [any Authenticator]
    private let tokens: TokenAuthenticator
    private let next: any ExchangeHandler

    /// A handler for one event loop.
    ///
    /// - Parameters:
    ///   - authenticators: in the order of asking; the first that recognises the user wins.
    ///   - tokens: knows the gateway's own tokens, which never go on.
    ///   - next: the next handler.
    package init(authenticators: [any Authenticator], tokens: TokenAuthenticator, next: any ExchangeHandler) {
        self.authenticators = authenticators
        self.tokens = tokens
        self.next = next
    }

    /// Hands on, with the user where one was recognised.
    package func handle(_ exchange: Exchange) {
        let carried = Carried(exchange)
        if carried.credential { authenticate(exchange) }
        if carried.token { tokens.removeOwnTokens(exchange) }
        if carried.identity {
            if let impersonation = Impersonation(exchange.request.headers) {
                exchange.accessState.impersonation = impersonation
            }
            exchange.removeIdentityFields()
        }
        next.handle(exchange)
    }

    private func authenticate(_ exchange: Exchange) {
        for authenticator in authenticators {
            switch authenticator.known(exchange) {
            case .unrecognised: continue
            case nil: exchange.accessState.unasked.append(authenticator)
            case let found?:
                if exchange.accessState.take(found, isAmbient: authenticator.isAmbient) { return }
            }
        }
    }

    /// What a request carries; most carry nothing.
    private struct Carried {
        var credential: Bool
        var token = false
        var identity = false

        init(_ exchange: Exchange) {
            credential = exchange.peer.certificate != nil
            for field in exchange.request.headers.fields {
                switch field.known {
                case .authorization, .secWebSocketProtocol:
                    credential = true
                    token = true
                case .identity: identity = true
                default: break
                }
            }
        }
    }
}
