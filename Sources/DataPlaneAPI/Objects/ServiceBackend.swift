import Bytes

/// Where the requests of a DataPlaneService go.
package struct ServiceBackend: Sendable, Hashable {
    /// The kinds of backend.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case plugin, http, upstream
    }

    /// What a connection may take to come about, in seconds, where nothing else is said.
    package static let defaultConnectTimeoutSeconds = 5
    /// What `connectTimeoutSeconds` may be.
    package static let connectTimeoutRange = 1...600

    /// The word for the kind.
    package var type: String
    /// Who answers for data sources that a plugin backend doesn't know: `upstream`, or empty for nobody.
    package var fallback: String
    /// The URL of an http backend.
    package var baseURL: String
    /// What a connection to an http backend may take to come about, in seconds; nil means the default.
    package var connectTimeoutSeconds: Int?
    /// How an https backend is recognised; nil for the system's authorities and the URL's host.
    package var tls: BackendTLS?

    /// Creates a backend.
    package init(
        type: String = Kind.plugin.rawValue, fallback: String = "", baseURL: String = "",
        connectTimeoutSeconds: Int? = nil, tls: BackendTLS? = nil
    ) {
        self.type = type
        self.fallback = fallback
        self.baseURL = baseURL
        self.connectTimeoutSeconds = connectTimeoutSeconds
        self.tls = tls
    }

    /// The kind, if it is a known one.
    package var kind: Kind? { Kind(rawValue: type) }
    /// Whether the upstream is asked about data sources that are only known there.
    package var fallsBackToUpstream: Bool { kind == .plugin && fallback == Kind.upstream.rawValue }
}

/// The TLS settings of an http backend, with the names and rules that APIServices have.
package struct BackendTLS: Sendable, Hashable {
    /// The authorities to trust, PEM in base64; empty for the system's.
    package var caBundle: String
    /// Whether any certificate will do.
    package var insecureSkipTLSVerify: Bool
    /// The name to ask for and to find in the certificate; empty for the URL's host.
    package var serverName: String
    /// The name of the client certificate in the gateway's configuration; empty for none.
    ///
    /// A name and not the key itself: everybody who may read the object could read the key.
    package var clientCertificate: String

    /// Creates settings.
    package init(
        caBundle: String = "", insecureSkipTLSVerify: Bool = false, serverName: String = "",
        clientCertificate: String = ""
    ) {
        self.caBundle = caBundle
        self.insecureSkipTLSVerify = insecureSkipTLSVerify
        self.serverName = serverName
        self.clientCertificate = clientCertificate
    }

    /// The authorities as PEM text; nil if there are none or the base64 is broken.
    package var caPEM: [UInt8]? { caBundle.isEmpty ? nil : Base64.decode(caBundle) }
}

extension ServiceBackend {
    /// Reads a backend with its kind filled in; a wrong type is a 400 that names the field.
    init(_ json: JSONValue) throws(GatewayError) {
        let path = "spec.backend"
        let type = try json.string("type", in: path) ?? ""
        self.init(
            type: type.isEmpty ? Kind.plugin.rawValue : type, fallback: try json.string("fallback", in: path) ?? "",
            baseURL: try json.string("baseURL", in: path) ?? "",
            connectTimeoutSeconds: try json.int("connectTimeoutSeconds", in: path))
        guard let object = try json.object("tls", in: path) else { return }
        let (tls, inner) = (JSONValue.object(object), "\(path).tls")
        self.tls = BackendTLS(
            caBundle: try tls.string("caBundle", in: inner) ?? "",
            insecureSkipTLSVerify: try tls.bool("insecureSkipTLSVerify", in: inner) ?? false,
            serverName: try tls.string("serverName", in: inner) ?? "",
            clientCertificate: try tls.string("clientCertificate", in: inner) ?? "")
    }

    /// The backend as JSON; what is empty is left out.
    var json: JSONValue {
        var json: JSONValue = ["type": .string(type)]
        if !fallback.isEmpty { json["fallback"] = .string(fallback) }
        if !baseURL.isEmpty { json["baseURL"] = .string(baseURL) }
        if let connectTimeoutSeconds { json["connectTimeoutSeconds"] = .int(connectTimeoutSeconds) }
        guard let tls else { return json }
        var inner = JSONValue.emptyObject
        if !tls.caBundle.isEmpty { inner["caBundle"] = .string(tls.caBundle) }
        if tls.insecureSkipTLSVerify { inner["insecureSkipTLSVerify"] = true }
        if !tls.serverName.isEmpty { inner["serverName"] = .string(tls.serverName) }
        if !tls.clientCertificate.isEmpty { inner["clientCertificate"] = .string(tls.clientCertificate) }
        json["tls"] = inner
        return json
    }
}
