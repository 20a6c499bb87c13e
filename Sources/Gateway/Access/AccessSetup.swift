import Access
import DataPlane
import DataPlaneAPI
import HTTPKit
import NIOCore
import Synchronization
import SystemKit

/// Who may sign in, made of the settings; hands each event loop its part and replaces what changes on disk.
final class AccessSetup: Sendable {
    /// Judges client certificates; nil when none are asked for.
    let verifier: ClientCertificateVerifier?
    /// Follows the names of headers that claim an identity here.
    let identities: IdentityFollower
    /// The authorities that clients are asked for certificates of, PEM.
    var authoritiesPEM: [UInt8] { authorities.withLock { $0.pem } }

    /// Follows the files that tokens are read from.
    let tokenFiles: FileFollower
    /// Follows the files that authorities are read from.
    let authorityFiles: FileFollower

    private let settings: Settings
    private let data: String
    private let tokens: Mutex<Tokens>
    private let authorities: Mutex<ClientAuthorities>
    /// The tokens by where they come from: one that can't be read leaves the other as it is.
    private struct Tokens {
        var file = TokenTable()
        var admin = TokenTable()

        var all: TokenTable {
            var table = file
            table.add(admin)
            return table
        }
    }

    private let authenticators = PerLoop<TokenAuthenticator>.Register()

    /// Reads the files that the settings name.
    ///
    /// - Parameters:
    ///   - data: the data folder, where the kubeconfig's token is.
    ///   - grafana: says what the upstream may take a user from.
    /// - Throws: `GatewayError` that names the file.
    init(_ settings: Settings, data: String, grafana: GrafanaConfig) throws(GatewayError) {
        self.settings = settings
        self.data = data
        // Made at the first start, which is no change to tell of.
        _ = try AdminToken.load(data: data)
        tokenFiles = FileFollower([settings.tokenAuthFile, "\(data)/\(AdminToken.fileName)"])
        authorityFiles = FileFollower([settings.clientCAFile, settings.requestHeaderClientCAFile])
        tokens = Mutex(Tokens(file: try Self.fileTokens(settings), admin: try Self.adminToken(data)))
        let read = try Self.authorities(settings)
        authorities = Mutex(read)
        verifier = read.client == nil && read.frontProxy == nil ? nil : ClientCertificateVerifier(read)
        let names = settings.requestHeaderNames
        for name in grafana.authProxyHeaders where RequestHeaderNames.isTaken(name) {
            throw GatewayError(
                .badRequest,
                "grafana-config: [auth.proxy] takes a user from the header \(name), which has another meaning; use a name of your own"
            )
        }
        identities = IdentityFollower(
            IdentityNames(names: names.user + names.uid + names.group, prefixes: names.extraPrefix), grafana)
    }

    /// The first handler of a loop's chain that knows users; call on that loop.
    func handler(_ loop: any EventLoop, next: any ExchangeHandler) -> AccessHandler {
        let token = TokenAuthenticator(tokens: tokens.withLock { $0.all })
        self.authenticators.add(token, on: loop)
        // What was read in between.
        token.tokens = tokens.withLock { $0.all }
        var authenticators: [any Authenticator] = []
        // The order is Kubernetes': front proxy, certificate, token.
        if !settings.requestHeaderClientCAFile.isEmpty {
            authenticators.append(RequestHeaderAuthenticator(names: settings.requestHeaderNames))
        }
        if !settings.clientCAFile.isEmpty { authenticators.append(CertificateAuthenticator()) }
        authenticators.append(token)
        return AccessHandler(authenticators: authenticators, tokens: token, next: next)
    }

    /// What decides in a loop's chain.
    func policy() -> AuthorizerUnion { AuthorizerUnion([MastersAuthorizer(), BootstrapAuthorizer()]) }

    /// The gate of a loop's chain.
    func gate(_ policy: AuthorizerUnion) -> AccessGate {
        // Somebody who wants no anonymous users means it also before other users are configured.
        let nobody: AccessGate.Nobody =
            if !settings.anonymousAuth { .refused } else if settings.isAuthenticationConfigured || settings.isProxyOnly
            { .anonymous } else {
                .firstRun(FirstRunGate())
            }
        return AccessGate(nobody: nobody, policy: policy)
    }

    /// Reads the tokens again and tells every loop.
    ///
    /// - Throws: the first fault; what could be read counts all the same.
    func reloadTokens() throws(GatewayError) {
        let file = Result { () throws(GatewayError) in try Self.fileTokens(settings) }
        let admin = Result { () throws(GatewayError) in try Self.adminToken(data) }
        let read = tokens.withLock { tokens in
            if case .success(let table) = file { tokens.file = table }
            if case .success(let table) = admin { tokens.admin = table }
            return tokens.all
        }
        authenticators.values.tellEvery { $0.tokens = read }
        _ = try file.get()
        _ = try admin.get()
    }

    /// Reads the authorities again, also for open connections.
    func reloadAuthorities() async throws(GatewayError) {
        let read = try Self.authorities(settings)
        authorities.withLock { $0 = read }
        await verifier?.replace(read)
    }

    /// Warnings about the dates of the authorities.
    var certificateWarnings: [String] {
        let files = [
            ("client-ca-file", settings.clientCAFile),
            ("requestheader-client-ca-file", settings.requestHeaderClientCAFile),
        ]
        return files.filter { !$0.1.isEmpty }.flatMap { setting, path in
            CertificateDates.warnings((try? FileText.read(path)) ?? "", place: "\(setting): \(path)")
        }
    }

    private static func fileTokens(_ settings: Settings) throws(GatewayError) -> TokenTable {
        guard !settings.tokenAuthFile.isEmpty else { return TokenTable() }
        return try settings.naming("token-auth-file") { () throws(GatewayError) in
            try TokenFile.parse(try FileText.read(settings.tokenAuthFile), path: settings.tokenAuthFile)
        }
    }

    private static func adminToken(_ data: String) throws(GatewayError) -> TokenTable {
        var table = TokenTable()
        table.add(try AdminToken.load(data: data), User(name: AdminToken.user, groups: [User.masters]))
        return table
    }

    /// What is wrong with the files that the settings name, without a data folder.
    static func faults(_ settings: Settings, authProxyHeaders: [String]) -> [GatewayError] {
        var faults: [GatewayError] = []
        do throws(GatewayError) { _ = try fileTokens(settings) } catch { faults.append(error) }
        do throws(GatewayError) { _ = try authorities(settings) } catch { faults.append(error) }
        for name in authProxyHeaders where RequestHeaderNames.isTaken(name) {
            faults.append(
                GatewayError(
                    .badRequest,
                    "grafana-config: [auth.proxy] takes a user from the header \(name), which has another meaning"))
        }
        if !settings.requestHeaderAllowedNames.isEmpty, settings.requestHeaderClientCAFile.isEmpty {
            faults.append(
                GatewayError(
                    .badRequest,
                    "\(settings.place("requestheader-allowed-names")): does nothing without requestheader-client-ca-file; give both"
                ))
        }
        return faults
    }

    private static func authorities(_ settings: Settings) throws(GatewayError) -> ClientAuthorities {
        func bundle(_ key: String, _ path: String) throws(GatewayError) -> CertificateBundle? {
            guard !path.isEmpty else { return nil }
            return try settings.naming(key) { () throws(GatewayError) in
                try CertificateBundle(try FileText.read(path), path: path)
            }
        }
        return ClientAuthorities(
            client: try bundle("client-ca-file", settings.clientCAFile),
            frontProxy: try bundle("requestheader-client-ca-file", settings.requestHeaderClientCAFile),
            allowedNames: settings.requestHeaderAllowedNames)
    }
}
