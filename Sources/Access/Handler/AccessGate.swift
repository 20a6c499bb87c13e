import DataPlaneAPI
import HTTPKit

/// Decides whether the gateway answers a request itself: 401 for who isn't recognised, 403 for what they may not do.
package final class AccessGate: ExchangeGate {
    /// What to do with requests without a credential.
    package enum Nobody {
        /// No authentication is configured: these rules say who may do everything.
        case firstRun(any ExchangeGate)
        /// They are the user `system:anonymous`.
        case anonymous
        /// They are refused.
        case refused
    }

    private let nobody: Nobody
    private let policy: any Authorizer

    /// A gate for one event loop.
    package init(nobody: Nobody, policy: any Authorizer) {
        self.nobody = nobody
        self.policy = policy
    }

    /// Nil to let the exchange pass, else the answer.
    package func refusal(_ exchange: Exchange) -> GatewayError? {
        do throws(GatewayError) {
            try decide(exchange)
            return nil
        } catch {
            return error
        }
    }

    private func decide(_ exchange: Exchange) throws(GatewayError) {
        let state = exchange.accessState
        if state.user == nil {
            if let why = state.refusal { throw Self.unauthorized(why, cause: state.refusalCause) }
            switch nobody {
            case .firstRun(let rules):
                if let refusal = rules.refusal(exchange) { throw refusal }
                state.user = .firstRun
            case .anonymous: state.user = .anonymous
            case .refused:
                throw Self.unauthorized("the request has no credential; send a bearer token or a client certificate")
            }
        } else if state.isAmbient, let why = CrossSite.fault(exchange) {
            throw GatewayError(
                .forbidden, "forbidden: \(why), and the client certificate is no proof that its owner wants that")
        }
        guard var user = state.user else { return }
        if let impersonation = state.impersonation {
            state.impersonation = nil
            let acted = try impersonation.user(for: user, policy)
            state.impersonator = user
            state.user = acted
            user = acted
        }
        switch policy.decide(user, { state.requestInfo(exchange) }) {
        case .allow: return
        case .deny(let why): throw .forbidden(user: user.name, state.requestInfo(exchange), why: why)
        case .noOpinion: throw .forbidden(user: user.name, state.requestInfo(exchange))
        }
    }

    private static func unauthorized(_ why: String, cause: String? = nil) -> GatewayError {
        GatewayError(.unauthorized, "Unauthorized: \(why)", cause: cause)
    }
}
