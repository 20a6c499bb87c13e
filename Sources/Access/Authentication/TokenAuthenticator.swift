import Bytes
import HTTPKit

/// Recognises bearer tokens, in `Authorization` or among the sub-protocols of a WebSocket request.
package final class TokenAuthenticator: Authenticator {
    /// The tokens; replaced on the loop when they change.
    package var tokens: TokenTable

    /// Browsers can't give a WebSocket request other headers (Kubernetes' convention for them).
    private static let protocolPrefix = "base64url.bearer.authorization.k8s.io."

    /// An authenticator for one event loop.
    package init(tokens: TokenTable) {
        self.tokens = tokens
    }

    /// Takes a known token out of the request; leaves others to whom they may belong.
    package func known(_ exchange: Exchange) -> Authentication? {
        let headers = exchange.request.headers
        let fields = headers.fields.filter { $0.known == .authorization }
        guard fields.count <= 1 else { return .refused(why: "the request has several Authorization headers") }
        if let field = fields.first, let found = headers.withValue(field, { Self.bearer($0, tokens.user) }) {
            guard let user = found else { return Self.unknown }
            exchange.removeAuthorization()
            return .user(user)
        }
        guard let offer = headers.first(.secWebSocketProtocol) else { return .unrecognised }
        return authenticate(exchange, offer: headers.value(offer))
    }

    /// Removes every token of the gateway that is left in a request: none is the upstream's business, whoever else the
    /// request is from.
    func removeOwnTokens(_ exchange: Exchange) {
        guard !tokens.isEmpty else { return }
        exchange.removeAuthorization { value in
            var rest = value[...]
            guard value.hasPrefix("bearer") else { return false }
            rest = rest.dropFirst(6).drop { $0 == 0x20 || $0 == 0x09 }
            return tokens.user(UnsafeRawBufferPointer(rebasing: rest)) != nil
        }
        let offers = exchange.request.headers.fields.filter { $0.known == .secWebSocketProtocol }
        guard !offers.isEmpty else { return }
        var parts: [Substring] = []
        for offer in offers {
            for part in exchange.request.headers.value(offer).split(separator: ",") {
                parts.append(part.drop { $0 == " " || $0 == "\t" })
            }
        }
        let kept = parts.filter { part in
            guard part.hasPrefix(Self.protocolPrefix) else { return true }
            let code = part.dropFirst(Self.protocolPrefix.count).prefix { $0 != " " && $0 != "\t" }
            return Base64URL.decode(code.utf8)?.withUnsafeBytes { tokens.user($0) } == nil
        }
        guard kept.count < parts.count else { return }
        exchange.offerWebSocketProtocols(Array(kept.joined(separator: ", ").utf8))
    }

    private static var unknown: Authentication { .refused(why: "the bearer token is not known here") }

    /// Looks up the token behind `Bearer`; nil for another scheme.
    private static func bearer(_ value: UnsafeRawBufferPointer, _ find: (UnsafeRawBufferPointer) -> User?) -> User?? {
        guard value.hasPrefix("bearer ") else { return nil }
        var token = value[7...]
        while token.first == 0x20 { token.removeFirst() }
        guard !token.isEmpty else { return .some(nil) }
        return .some(find(UnsafeRawBufferPointer(rebasing: token)))
    }

    private func authenticate(_ exchange: Exchange, offer: String) -> Authentication {
        var kept: [Substring] = []
        var user: User?
        var wrong = false
        for part in offer.split(separator: ",") {
            let name = part.drop { $0 == " " || $0 == "\t" }
            guard name.hasPrefix(Self.protocolPrefix) else {
                kept.append(name)
                continue
            }
            let code = name.dropFirst(Self.protocolPrefix.count).prefix { $0 != " " && $0 != "\t" }
            let token = Base64URL.decode(code.utf8)
            guard user == nil, let found = token?.withUnsafeBytes({ tokens.user($0) }) else {
                wrong = true
                continue
            }
            user = found
        }
        guard !wrong else { return Self.unknown }
        guard let user else { return .unrecognised }
        // The token alone can't be the protocol that is spoken (RFC 6455 wants one that was offered).
        guard !kept.isEmpty else {
            return .refused(why: "the request offers no WebSocket sub-protocol beside the token; offer another one")
        }
        exchange.offerWebSocketProtocols(Array(kept.joined(separator: ", ").utf8))
        return .user(user)
    }
}
