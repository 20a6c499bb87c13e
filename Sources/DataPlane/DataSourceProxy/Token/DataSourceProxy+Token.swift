import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins
import SystemKit

extension DataSourceProxy {
    /// Calls `send` with the `Authorization` field that a target's token makes; answers the exchange when there is none.
    ///
    /// At once when this loop has the token. Otherwise the body waits at the client.
    func withToken(
        _ request: AccessTokenRequest, of target: ProxyTarget, _ exchange: Exchange,
        _ send: @escaping ([UInt8]) -> Void
    ) {
        let key = ObjectIdentifier(target)
        if let known = tokens[key], let until = known.keptUntil, until > .now() { return send(known.authorization) }
        let generation = generation
        settings.tokens.token(request, on: loop) { done in
            fetch(request, done)
        }.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let token):
                // A target of older data sources is gone, and another may be in its place in memory.
                if self.generation == generation { tokens[key] = token }
                if !exchange.isOver { send(token.authorization) }
            case .failure(let error):
                if !exchange.isOver { exchange.respond((error as? GatewayError) ?? Self.noToken(request, error)) }
            }
        }
    }

    private func fetch(
        _ request: AccessTokenRequest, _ done: @escaping @Sendable (Result<AccessToken, GatewayError>) -> Void
    ) {
        switch request.grant {
        case .form(let form): post(form, request, done)
        case .assertion(let assertion):
            let now = Self.now()
            settings.dialer.work.run(
                "the signature of \(request.name)'s token request", milliseconds: request.timeout * 1000, on: loop
            ) {
                Result { try assertion.form(now: now) }
            } _: { [self] result in
                switch result {
                case .success(.success(let form)): post(form, request, done)
                case .success(.failure(let error)):
                    done(.failure((error as? GatewayError) ?? Self.noToken(request, error)))
                case .failure(let error): done(.failure(error))
                }
            }
        }
    }

    /// Sends a form to the token endpoint, under the same guards as the data source's requests; TLS is verified with the
    /// system's authorities, as in Grafana: the data source's settings are for its own server.
    private func post(
        _ form: [UInt8], _ request: AccessTokenRequest,
        _ done: @escaping @Sendable (Result<AccessToken, GatewayError>) -> Void
    ) {
        var timeouts = OriginTimeouts()
        timeouts.connectMS = settings.connectMS
        var origin = request.url.origin
        if request.url.isTLS { origin.tls = .system }
        let pool = OriginPool(origin, loop: loop, timeouts: timeouts, dialer: settings.dialer)
        let name = "the token endpoint of \(request.name)"
        OriginFetch.form(
            name: name, host: request.url.hostField, target: request.url.target, form: form, seconds: request.timeout
        ).send(through: pool) { result in
            done(
                Result { () throws(GatewayError) in
                    let answer = try result.get()
                    guard (200..<300).contains(answer.status) else { throw Self.refused(answer, name) }
                    return try AccessToken(answer: answer.body, name: request.name, now: Self.now())
                })
        }
    }

    /// What a token endpoint may answer beside a token (RFC 6749 section 5.2).
    private static let knownErrors: Set<String> = [
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
        "invalid_scope",
    ]

    /// A refusal is the fault of the data source's settings, anything else the endpoint's; nothing of the answer is shown
    /// but the words that the standard knows.
    private static func refused(_ answer: OriginFetch.Answer, _ name: String) -> GatewayError {
        let word = (try? JSONValue.parse(answer.body))?["error"]?.asString ?? ""
        let reason = knownErrors.contains(word) ? " (\(word))" : ""
        switch answer.status {
        case 400..<500:
            return GatewayError(
                .badRequest,
                "\(name) refused the data source's credentials with status \(answer.status)\(reason); check what the plugin's "
                    + "tokenAuth or jwtTokenAuth takes from jsonData and secureJsonData", source: .upstream)
        case 300..<400:
            return GatewayError(
                .badGateway, "\(name) answered with a redirect (\(answer.status)), which is not followed",
                source: .upstream)
        default:
            return GatewayError(.badGateway, "\(name) answered with status \(answer.status)", source: .upstream)
        }
    }

    private static func noToken(_ request: AccessTokenRequest, _ error: any Error) -> GatewayError {
        GatewayError(
            .badGateway, "there is no access token for \(request.name)", source: .gateway, cause: describe(error))
    }

    private static func now() -> Int { WallClock.milliseconds() / 1000 }
}
