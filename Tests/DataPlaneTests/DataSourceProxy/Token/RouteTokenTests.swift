import Bytes
import Crypto
import CryptoExtras
import DataPlaneAPI
import Foundation
import PluginProtocol
import Testing

@testable import DataPlane
@testable import Origins

/// What routes of plugin.json ask for tokens with.
struct RouteTokenTests {
    private func target(
        _ route: JSONValue, json: JSONValue = [:], secrets: [String: String] = [:]
    ) throws -> ProxyTarget {
        var settings = DataSourceInstanceSettings()
        settings.uid = "one"
        settings.url = "http://ds"
        settings.jsonData = json.bytes()
        settings.secureJSONData = secrets
        let source = ProxySource(
            DataSource(orgID: 1, uid: "one", type: "testds", settings: settings), pluginID: "testds", manifest: nil)
        var route = route
        route["path"] = "api"
        return try ProxyTarget(
            source, route: PluginRoute(route), limits: ServiceLimits(), userAgent: "Grafana/1.2.3")
    }

    @Test func `client credentials are a form with filled-in parameters`() throws {
        let made = try target(
            [
                "headers": [["name": "Authorization", "content": "old"]],
                "tokenAuth": [
                    "url": "https://login.example/{{ .JsonData.tenant }}/token?v=1", "scopes": ["ignored"],
                    "params": [
                        "grant_type": "client_credentials", "client_id": "{{ .JsonData.id }}",
                        "client_secret": "{{ .SecureJsonData.secret }}",
                    ],
                ],
            ], json: ["tenant": "blue", "id": "a&b"], secrets: ["secret": "s=1 2"])
        let token = try #require(made.token)
        #expect(token.url.host == "login.example" && token.url.port == 443 && token.url.isTLS)
        #expect(String(decoding: token.url.target, as: UTF8.self) == "/blue/token?v=1")
        #expect(token.timeout == 30)
        guard case .form(let form) = token.grant else { return #expect(Bool(false), "no form") }
        #expect(
            String(decoding: form, as: UTF8.self)
                == "client_id=a%26b&client_secret=s%3D1%202&grant_type=client_credentials")
        // The token takes the place of the route's own header.
        #expect(!made.fixesAuthorization)
        #expect(try target([:]).token == nil)
    }

    private static let service: JSONValue = [
        "scopes": ["read", "list"],
        "params": [
            "token_uri": "{{ .JsonData.uri }}", "client_email": "{{ .JsonData.mail }}",
            "private_key": "{{ .SecureJsonData.key }}",
        ],
    ]

    @Test(
        arguments: [
            (["jwtTokenAuth": service], [:]), (["jwtTokenAuth": service, "authType": "jwt"], [:]),
            (["jwtTokenAuth": service, "authType": "gce"], ["authenticationType": "jwt"]),
        ] as [(JSONValue, JSONValue)])
    func `service accounts sign`(route: JSONValue, more: JSONValue) throws {
        var json: JSONValue = ["uri": "http://token/x", "mail": "me@example"]
        if let type = more["authenticationType"] { json["authenticationType"] = type }
        let token = try #require(try target(route, json: json, secrets: ["key": "pem"]).token)
        #expect(
            token.grant
                == .assertion(
                    SignedAssertion(
                        issuer: "me@example", audience: "http://token/x", scopes: ["read", "list"], key: "pem")))
        #expect(token.url == (try DataSourceURL("http://token/x")))
    }

    @Test(
        arguments: [
            (["authType": "gce"], [:], ErrorCode.notImplemented, "\"gce\""),
            (["authType": "azure", "tokenAuth": ["url": "http://x"]], [:], .notImplemented, "\"azure\""),
            (["jwtTokenAuth": service], ["authenticationType": "gce"], .notImplemented, "\"gce\""),
            (["authType": "jwt"], [:], .badRequest, "jwtTokenAuth"),
            (["tokenAuth": ["params": [:], "scopes": []]], [:], .badRequest, "tokenAuth.url"),
            (["tokenAuth": ["url": "ftp://x"]], [:], .badRequest, "tokenAuth.url"),
            (["jwtTokenAuth": ["scopes": ["a"]]], [:], .badRequest, "token_uri"),
        ] as [(JSONValue, JSONValue, ErrorCode, String)])
    func `what can't be asked is refused and named`(
        route: JSONValue, json: JSONValue, code: ErrorCode, word: String
    ) {
        let error = #expect(throws: GatewayError.self) { try target(route, json: json) }
        #expect(error?.code == code)
        #expect(error?.message.contains(word) == true && error?.message.contains("\"api\"") == true)
    }

    @Test(
        arguments: [
            (["sigV4Auth": true], [:], "sigV4Auth"), (["azureAuth": true], [:], "azureAuth"),
            (["azureCredentials": ["authType": "msi"]], [:], "azureCredentials"),
            (["sigV4Auth": true], ["tokenAuth": ["url": "http://x"]], "sigV4Auth"),
        ] as [(JSONValue, JSONValue, String)])
    func `signatures that are not made are refused`(json: JSONValue, route: JSONValue, word: String) throws {
        let error = #expect(throws: GatewayError.self) { try target(route, json: json) }
        #expect(error?.code == .notImplemented && error?.message.contains(word) == true)
        #expect(throws: Never.self) { try target([:], json: ["sigV4Auth": false, "azureCredentials": [:]]) }
    }

    // MARK: Signatures

    private static let key = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    private func decoded(_ part: Substring) -> [UInt8] {
        var text = String(part).replacing("-", with: "+").replacing("_", with: "/")
        while text.count % 4 != 0 { text += "=" }
        return Base64.decode(text) ?? []
    }

    @Test(arguments: ["pkcs8", "pkcs1", "escaped"])
    func `an assertion says who asks, and its signature is good`(form: String) throws {
        let key = try Self.key.get()
        let pem =
            switch form {
            case "pkcs1": key.pemRepresentation
            case "escaped": key.pkcs8PEMRepresentation.replacing("\n", with: "\\n")
            default: key.pkcs8PEMRepresentation
            }
        let assertion = SignedAssertion(
            issuer: "me@example", audience: "https://token", scopes: ["read", "list"], key: pem)
        let text = String(decoding: try assertion.form(now: 1_800_000_000), as: UTF8.self)
        let prefix = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        #expect(text.hasPrefix(prefix))
        let parts = text.dropFirst(prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        try #require(parts.count == 3)
        #expect(try JSONValue.parse(decoded(parts[0])) == ["alg": "RS256", "typ": "JWT"])
        #expect(
            try JSONValue.parse(decoded(parts[1])) == [
                "iss": "me@example", "aud": "https://token", "iat": 1_799_999_990, "exp": 1_800_003_590,
                "scope": "read list",
            ])
        let signature = _RSA.Signing.RSASignature(rawRepresentation: decoded(parts[2]))
        let digest = SHA256.hash(data: Array("\(parts[0]).\(parts[1])".utf8))
        #expect(key.publicKey.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5))
    }

    @Test(arguments: ["", "s3cret", "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n"])
    func `a key that is none is named, not shown`(key: String) {
        let assertion = SignedAssertion(issuer: "a", audience: "b", scopes: [], key: key)
        let error = #expect(throws: GatewayError.self) { try assertion.form(now: 0) }
        #expect(error?.code == .badRequest && error?.message.contains("private_key") == true)
        #expect(error?.message.contains("s3cret") == false)
    }
}
