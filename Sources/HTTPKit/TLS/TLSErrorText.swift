/// What the TLS library says, in words that say what to look at.
///
/// Its own texts name functions, source files and folders of the build.
enum TLSErrorText {
    /// The words for the text of an error.
    static func words(_ text: String) -> String {
        for part in text.split(separator: " ") {
            guard let range = part.range(of: "OPENSSL_internal:") else { continue }
            return reason(String(part[range.upperBound...].prefix { $0.isUppercase || $0.isNumber || $0 == "_" }))
        }
        for (sign, words) in signs where text.contains(sign) { return words }
        return "the TLS connection failed"
    }

    private static let signs = [
        ("failedToValidateHostname", "the certificate is for another name"),
        ("ValidateCertificate", "the certificate can't be verified"),
        ("noCertificateToValidate", "the other side showed no certificate"),
        ("eof", "the connection was closed during the handshake"),
        ("uncleanShutdown", "the connection was closed without TLS's goodbye"),
        ("CloseTimedOut", "the other side did not say goodbye in time"),
        ("closeRequestedDuringUnwrap", "the connection was closed"),
        ("SyscallError", "the connection was closed during the handshake"),
        ("syscallError", "the connection was closed during the handshake"),
    ]

    private static func reason(_ code: String) -> String {
        if let known = reasons[code] { return known }
        let words = code.lowercased().split(separator: "_").joined(separator: " ")
        return words.isEmpty ? "the TLS connection failed" : "TLS: \(words)"
    }

    private static let reasons = [
        "CERTIFICATE_VERIFY_FAILED": "the certificate can't be verified",
        "WRONG_VERSION_NUMBER": "the other side does not speak TLS on this port",
        "UNKNOWN_PROTOCOL": "the other side does not speak TLS on this port",
        "HTTP_REQUEST": "the other side speaks plain HTTP",
        "HTTPS_PROXY_REQUEST": "the other side speaks plain HTTP",
        "UNSUPPORTED_PROTOCOL": "there is no TLS version that both sides speak",
        "NO_SUPPORTED_VERSIONS_ENABLED": "there is no TLS version that both sides speak",
        "TLSV1_ALERT_PROTOCOL_VERSION": "there is no TLS version that both sides speak",
        "NO_SHARED_CIPHER": "there is no cipher that both sides have",
        "SSLV3_ALERT_HANDSHAKE_FAILURE":
            "the other side refused the handshake: no common cipher, or it wants a client certificate",
        "TLSV1_ALERT_UNKNOWN_CA": "the other side does not trust the authority of the certificate that it was shown",
        "SSLV3_ALERT_BAD_CERTIFICATE": "the other side refused the certificate that it was shown",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the other side refused the certificate that it was shown",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the other side says that the certificate which it was shown has expired",
        "TLSV1_ALERT_CERTIFICATE_REQUIRED": "the other side wants a client certificate",
        "TLSV1_CERTIFICATE_REQUIRED": "the other side wants a client certificate",
        "TLSV1_ALERT_UNRECOGNIZED_NAME": "the other side has no certificate for this name",
        "TLSV1_UNRECOGNIZED_NAME": "the other side has no certificate for this name",
        "NO_APPLICATION_PROTOCOL": "the other side does not speak HTTP/1.1",
        "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": "the other side does not speak HTTP/1.1",
        "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
    ]
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
