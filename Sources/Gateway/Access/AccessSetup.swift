import Access
import DataPlaneAPI
import HTTPKit
import NIOCore
import Synchronization
import SystemKit

/// Who may sign in, made of the settings; hands each event loop its part and replaces what changes on disk.
final class AccessSetup: Sendable {
    /// Judges client certificates; nil when none are asked for.
    let verifier: ClientCertificateVerifier?
    /// Header names that claim an identity here.
    let identityNames: IdentityNames
    /// The authorities that clients are asked for certificates of, PEM.
    var authoritiesPEM: [UInt8] { authorities.withLock { $0.pem } }

    private let settings: Settings
    private let data: String
    private let tokens: Mutex<TokenTable>
    private let authorities: Mutex<ClientAuthorities>
    private let loops = Mutex<[NIOLoopBound<TokenAuthenticator>]>([])

    /// Reads the files that the settings name.
    ///
    /// - Parameters:
    ///   - data: the data folder, where the kubeconfig's token is.
    ///   - authProxyHeaders: what the upstream may take a user from.
    /// - Throws: `GatewayError` that names the file.
    init(_ settings: Settings, data: String, authProxyHeaders: [String]) throws(GatewayError) {
        self.settings = settings
        self.data = data
        tokens = Mutex(try Self.tokens(settings, data: data))
        let read = try Self.authorities(settings)
        authorities = Mutex(read)
        verifier = read.client == nil && read.frontProxy == nil ? nil : ClientCertificateVerifier(read)
        let names = settings.requestHeaderNames
        let known = authProxyHeaders.filter { RequestHeaderNames.fault($0) == nil }
        identityNames = IdentityNames(
            names: names.user + names.uid + names.group + known, prefixes: names.extraPrefix)
    }

    /// The first handler of a loop's chain that knows users; call on that loop.
    func handler(_ loop: any EventLoop, next: any ExchangeHandler) -> AccessHandler {
        let token = TokenAuthenticator(tokens: tokens.withLock { $0 })
        loops.withLock { $0.append(NIOLoopBound(token, eventLoop: loop)) }
        var authenticators: [any Authenticator] = []
        // The order is Kubernetes': front proxy, certificate, token.
        if !settings.requestHeaderClientCAFile.isEmpty {
            authenticators.append(RequestHeaderAuthenticator(names: settings.requestHeaderNames))
        }
        if !settings.clientCAFile.isEmpty { authenticators.append(CertificateAuthenticator()) }
        authenticators.append(token)
        return AccessHandler(authenticators: authenticators, next: next)
    }

    /// What decides in a loop's chain.
    func policy() -> AuthorizerUnion { AuthorizerUnion([MastersAuthorizer(), BootstrapAuthorizer()]) }

    /// The gate of a loop's chain.
    func gate(_ policy: AuthorizerUnion) -> AccessGate {
        let nobody: AccessGate.Nobody =
            if !settings.isAuthenticationConfigured { .firstRun(FirstRunGate()) } else if settings.anonymousAuth {
                .anonymous
            } else { .refused }
        return AccessGate(nobody: nobody, policy: policy)
    }

    /// The files that tokens are read from.
    var tokenFiles: [String] { [settings.tokenAuthFile, "\(data)/\(AdminToken.fileName)"] }
    /// The files that authorities are read from.
    var authorityFiles: [String] { [settings.clientCAFile, settings.requestHeaderClientCAFile] }

    /// Reads the tokens again and tells every loop.
    func reloadTokens() throws(GatewayError) {
        let read = try Self.tokens(settings, data: data)
        tokens.withLock { $0 = read }
        for bound in loops.withLock({ $0 }) { bound.eventLoop.execute { bound.value.tokens = read } }
    }

    /// Reads the authorities again, also for open connections.
    func reloadAuthorities() async throws(GatewayError) {
        let read = try Self.authorities(settings)
        authorities.withLock { $0 = read }
        await verifier?.replace(read)
    }

    private static func tokens(_ settings: Settings, data: String) throws(GatewayError) -> TokenTable {
        var table = TokenTable()
        if !settings.tokenAuthFile.isEmpty {
            table = try TokenFile.parse(try FileText.read(settings.tokenAuthFile), path: settings.tokenAuthFile)
        }
        table.add(try AdminToken.load(data: data), User(name: AdminToken.user, groups: [User.masters]))
        return table
    }

    private static func authorities(_ settings: Settings) throws(GatewayError) -> ClientAuthorities {
        func bundle(_ path: String) throws(GatewayError) -> CertificateBundle? {
            path.isEmpty ? nil : try CertificateBundle(try FileText.read(path), path: path)
        }
        return ClientAuthorities(
            client: try bundle(settings.clientCAFile), frontProxy: try bundle(settings.requestHeaderClientCAFile),
            allowedNames: settings.requestHeaderAllowedNames)
    }
}
