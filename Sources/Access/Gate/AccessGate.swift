import DataPlaneAPI
import HTTPKit

/// The gate of users and rules: 401 for who isn't recognised, 403 for what they may not do.
package final class AccessGate: Gate {
    /// What to do with requests without a credential.
    package enum Nobody {
        /// No authentication is configured: these rules say who may do everything.
        case firstRun(any Gate)
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

    /// The verdict; nil where an authenticator or an authorizer has to ask somebody.
    package func verdict(_ exchange: Exchange, _ question: Question) -> Verdict? {
        let state = exchange.accessState
        do throws(GatewayError) {
            guard let subject = try subject(exchange, question) else { return nil }
            if let impersonation = state.impersonation {
                for wanted in try impersonation.parts() {
                    guard let decision = policy.decide(subject, .attributes(wanted)) else { return nil }
                    try Self.check(decision, subject, .attributes(wanted))
                }
                act(impersonation, state)
                return verdict(exchange, question)
            }
            guard let decision = policy.decide(subject, question) else { return nil }
            try Self.check(decision, subject, question)
            return .allowed(subject)
        } catch {
            return .refused(error)
        }
    }

    /// Asks whoever must be asked, one after the other.
    package func ask(_ exchange: Exchange, _ question: Question, _ then: @escaping (Verdict) -> Void) {
        proceed(AskedExchange(exchange, then), exchange, question)
    }

    /// Goes on with the next one to be asked, until there is a verdict.
    private func proceed(_ asked: AskedExchange, _ exchange: Exchange, _ question: Question) {
        guard asked.isOpen else { return }
        if let verdict = verdict(exchange, question) { return asked.settle(verdict) }
        let state = exchange.accessState
        if state.user == nil, !state.unasked.isEmpty {
            let next = state.unasked.removeFirst()
            return next.find(exchange) { [self] found in
                guard asked.isOpen else { return }
                state.take(found, isAmbient: next.isAmbient)
                proceed(asked, exchange, question)
            }
        }
        do throws(GatewayError) {
            guard let subject = try subject(exchange, question) else { return }
            guard let impersonation = state.impersonation else {
                return ask(question, subject) { error in asked.settle(error.map { .refused($0) } ?? .allowed(subject)) }
            }
            ask(try impersonation.parts()[...], subject) { [self] error in
                guard asked.isOpen else { return }
                if let error { return asked.settle(.refused(error)) }
                act(impersonation, state)
                proceed(asked, exchange, question)
            }
        } catch {
            asked.settle(.refused(error))
        }
    }

    /// Who asks, as far as it is known without asking; nil while an authenticator has still to be asked.
    private func subject(_ exchange: Exchange, _ question: Question) throws(GatewayError) -> Subject? {
        let state = exchange.accessState
        if let user = state.user {
            if state.isAmbient, let why = CrossSite.fault(exchange) {
                throw GatewayError(
                    .forbidden, "forbidden: \(why), and the client certificate is no proof that its owner wants that")
            }
            return Subject(user, isAmbient: state.isAmbient)
        }
        guard state.unasked.isEmpty else { return nil }
        if let why = state.refusal { throw Self.unauthorized(why, cause: state.refusalCause) }
        switch nobody {
        case .firstRun(let rules):
            if case .refused(let error) = rules.verdict(exchange, question) { throw error }
            state.user = .firstRun
        case .anonymous: state.user = .anonymous
        case .refused:
            throw Self.unauthorized("the request has no credential; send a bearer token or a client certificate")
        }
        return state.user.map { Subject($0) }
    }

    /// Acts as somebody else from now on.
    private func act(_ impersonation: Impersonation, _ state: AccessState) {
        state.impersonation = nil
        state.impersonator = state.user
        state.user = impersonation.acted
        state.isAmbient = false
    }

    private func ask(_ parts: ArraySlice<RequestInfo>, _ subject: Subject, _ done: @escaping (GatewayError?) -> Void) {
        guard let first = parts.first else { return done(nil) }
        ask(.attributes(first), subject) { [self] error in
            if let error { done(error) } else { ask(parts.dropFirst(), subject, done) }
        }
    }

    private func ask(_ question: Question, _ subject: Subject, _ done: @escaping (GatewayError?) -> Void) {
        policy.ask(subject, question) { decision in
            do throws(GatewayError) {
                try Self.check(decision, subject, question)
                done(nil)
            } catch {
                done(error)
            }
        }
    }

    private static func check(_ decision: Decision, _ subject: Subject, _ question: Question) throws(GatewayError) {
        switch decision {
        case .allow: return
        case .deny(let why): throw .forbidden(user: subject.user.name, question.info, why: why)
        case .noOpinion: throw .forbidden(user: subject.user.name, question.info)
        case .failed(let error): throw error
        }
    }

    private static func unauthorized(_ why: String, cause: String? = nil) -> GatewayError {
        GatewayError(.unauthorized, "Unauthorized: \(why)", cause: cause)
    }
}
