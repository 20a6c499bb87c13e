extension DataPlaneService {
    /// Whether a text may name a client certificate of the gateway's configuration.
    package static func isCertificateName(_ name: String) -> Bool { Names.isSubdomain(name) }
}

extension ServiceBackend {
    private static let caLimit = 1_048_576
    private static let path = "spec.backend"

    /// What is wrong with the backend, besides what it needs of the rest of the object.
    func validate() -> [StatusCause] {
        guard let kind else {
            return [.notSupported("\(Self.path).type", type, supported: Kind.allCases.map(\.rawValue))]
        }
        guard kind == .http else {
            return [
                fallbackFault(kind),
                baseURL.isEmpty ? nil : .forbidden("\(Self.path).baseURL", "only an http backend has a URL"),
                connectTimeoutSeconds == nil
                    ? nil : .forbidden("\(Self.path).connectTimeoutSeconds", "only an http backend is connected to"),
                tls == nil ? nil : .forbidden("\(Self.path).tls", "only an http backend has TLS settings"),
            ].compactMap(\.self)
        }
        var causes = [fallbackFault(kind)].compactMap(\.self)
        var url: BackendURL?
        if baseURL.isEmpty {
            causes.append(.required("\(Self.path).baseURL", "the URL of the http backend"))
        } else {
            do throws(BackendURL.Fault) {
                url = try BackendURL(baseURL)
            } catch {
                causes.append(.invalid("\(Self.path).baseURL", string: baseURL, error.message))
            }
        }
        if let seconds = connectTimeoutSeconds, !Self.connectTimeoutRange.contains(seconds) {
            causes.append(.outOfRange("\(Self.path).connectTimeoutSeconds", seconds, Self.connectTimeoutRange))
        }
        guard let tls else { return causes }
        if let url, !url.isSecure {
            causes.append(
                .forbidden("\(Self.path).tls", "the baseURL begins with http://; use https:// or leave tls out"))
        }
        return causes + Self.validate(tls)
    }

    private func fallbackFault(_ kind: Kind) -> StatusCause? {
        if fallback.isEmpty { return nil }
        let field = "\(Self.path).fallback"
        if kind != .plugin { return .forbidden(field, "only a plugin backend has a fallback") }
        return fallback == Kind.upstream.rawValue
            ? nil : .notSupported(field, fallback, supported: [Kind.upstream.rawValue])
    }

    private static func validate(_ tls: BackendTLS) -> [StatusCause] {
        let path = "\(path).tls"
        var causes: [StatusCause] = []
        if tls.caBundle.utf8.count > caLimit {
            causes.append(.tooLong("\(path).caBundle", limit: caLimit))
        } else if !tls.caBundle.isEmpty {
            if tls.insecureSkipTLSVerify {
                causes.append(
                    .invalid("\(path).insecureSkipTLSVerify", "true", "may not be true if caBundle is present"))
            }
            let pem = tls.caPEM.map { String(decoding: $0, as: UTF8.self) }
            if pem?.utf8.contains("-----BEGIN CERTIFICATE-----".utf8) != true {
                causes.append(
                    .invalid(
                        "\(path).caBundle", string: tls.caBundle,
                        "must be certificates in PEM form, encoded in base64 once more"))
            }
        }
        if !tls.serverName.isEmpty, !Names.isSubdomain(tls.serverName) {
            causes.append(.invalid("\(path).serverName", string: tls.serverName, "must be a DNS name in lower case"))
        }
        if !tls.clientCertificate.isEmpty, !DataPlaneService.isCertificateName(tls.clientCertificate) {
            causes.append(
                .invalid(
                    "\(path).clientCertificate", string: tls.clientCertificate,
                    "must be the name of a certificate of the gateway's configuration: lower case letters, digits, - "
                        + "and dots"))
        }
        return causes
    }
}
