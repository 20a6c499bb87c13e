import Bytes
import Crypto
import CryptoExtras
import DataPlaneAPI

/// What a service account states about itself to get a token (RFC 7523), signed with RS256.
struct SignedAssertion: Sendable, Hashable {
    /// Who asks: the account's mail address.
    let issuer: String
    /// Who shall believe it: the token endpoint.
    let audience: String
    /// What the token is to be good for.
    let scopes: [String]
    /// The account's private key, PEM.
    let key: String

    /// The form of the question; signing takes a millisecond, so call it off the event loop.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Throws: 400 when the key can't be used.
    func form(now: Int) throws(GatewayError) -> [UInt8] {
        let grant = Percent.encode("urn:ietf:params:oauth:grant-type:jwt-bearer".utf8)
        return Array("grant_type=".utf8) + grant + Array("&assertion=\(try token(now: now))".utf8)
    }

    /// The assertion: three parts in base64 without padding.
    func token(now: Int) throws(GatewayError) -> String {
        // Ten seconds back, for clocks that are not quite right; Google wants an hour at most.
        let issued = now - 10
        var claims: JSONValue = [
            "iss": .string(issuer), "aud": .string(audience), "iat": .int(issued), "exp": .int(issued + 3600),
        ]
        if !scopes.isEmpty { claims["scope"] = .string(scopes.joined(separator: " ")) }
        let header: JSONValue = ["alg": "RS256", "typ": "JWT"]
        let signed = "\(Self.encoded(header.bytes())).\(Self.encoded(claims.bytes()))"
        return "\(signed).\(Self.encoded(try signature(of: signed)))"
    }

    private func signature(of text: String) throws(GatewayError) -> [UInt8] {
        do {
            // Keys that come through the environment often have their line breaks escaped.
            let pem = key.replacing("\\n", with: "\n")
            let key = try _RSA.Signing.PrivateKey(pemRepresentation: pem)
            let digest = SHA256.hash(data: Array(text.utf8))
            return Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        } catch {
            throw GatewayError(
                .badRequest,
                "jwtTokenAuth.params.private_key of the plugin's plugin.json is no RSA key of 2048 bits or more in PEM",
                source: .gateway)
        }
    }

    private static func encoded(_ bytes: [UInt8]) -> String { Base64URL.encode(bytes) }
}
