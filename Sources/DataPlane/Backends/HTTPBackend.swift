import DataPlaneAPI
import HTTPKit
import Origins
import PluginBridge

/// An HTTP server that an object names as its backend: `spec.backend` of type `http`.
package final class HTTPBackend: Sendable {
    /// The URL as written, for people.
    package let url: String
    /// The object's name.
    let objectName: String
    /// The server, without the client certificate.
    private let plain: Origin
    /// The path before that of a request; empty for none.
    let basePath: [UInt8]
    /// The `Host` field.
    let host: [UInt8]
    /// The name of the client certificate; empty for none.
    private let clientCertificate: String
    /// For a connection, milliseconds.
    let connectMS: Int

    /// A backend; nil if its URL is none, which validation doesn't let pass.
    init?(_ objectName: String, _ backend: ServiceBackend) {
        guard let url = try? BackendURL(backend.baseURL) else { return nil }
        self.url = backend.baseURL
        self.objectName = objectName
        basePath = Array(url.basePath.utf8)
        host = Array(url.authority.utf8)
        let range = ServiceBackend.connectTimeoutRange
        let seconds = backend.connectTimeoutSeconds ?? ServiceBackend.defaultConnectTimeoutSeconds
        connectMS = min(max(seconds, range.lowerBound), range.upperBound) * 1_000
        clientCertificate = backend.tls?.clientCertificate ?? ""
        guard url.isSecure else {
            plain = Origin(host: url.host, port: url.port)
            return
        }
        var tls = TLSClientSettings()
        tls.words = .backend
        tls.verifies = backend.tls?.insecureSkipTLSVerify != true
        tls.authorities = backend.tls?.caPEM ?? []
        tls.serverName = backend.tls?.serverName ?? ""
        plain = Origin(host: url.host, port: url.port, tls: tls)
    }

    /// The server, with the client certificate that it is shown.
    ///
    /// - Throws: 503 when the configuration has no certificate of that name.
    func origin(_ certificates: ClientCertificates) throws(GatewayError) -> Origin {
        guard var tls = plain.tls, !clientCertificate.isEmpty else { return plain }
        let pair = try certificates.pair(clientCertificate)
        tls.certificateChain = pair.chain
        tls.privateKey = pair.key
        return Origin(host: plain.host, port: plain.port, tls: tls)
    }

    /// The rules of its requests.
    func rules(_ limits: EffectiveLimits) -> ForwardingRules {
        ForwardingRules(
            name: "the backend of \(objectName)", faults: .backend, responseSeconds: limits.timeoutSeconds, host: host,
            statesClient: true, fields: [:], replaced: [],
            drops: {
                $0.hasPrefix("x-grafana-")
                    || (!$0.equalsIgnoringCase("user-agent") && ResourceRequestHeaders.isDropped($0))
            },
            // A backend's page must not run scripts with the rights of the site it is served from.
            answerFields: ["Content-Security-Policy": "sandbox", "Via": "1.1 dataplane-gateway"],
            replacedInAnswer: SiteFields.names,
            requestLimit: limits.maxRequestBytes, responseLimit: limits.maxResponseBytes)
    }

    /// Why a service can't be had from it.
    static func lacks(_ route: ClaimedRoute, isMutation: Bool) -> GatewayError {
        // The first words are those of Grafana's prototype.
        let name =
            switch route.type {
            case .query: "QueryDataHandler"
            case .admission: isMutation ? "AdmissionMutationHandler" : "AdmissionValidationHandler"
            default: "the service \(route.type.rawValue)"
            }
        return GatewayError(
            .notImplemented,
            "\(name) not implemented: an http backend serves the type route only; give \(route.objectName) a plugin "
                + "or the backend upstream for \(route.type.rawValue)", source: .backend)
    }
}
