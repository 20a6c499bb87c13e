import NIOCore
import Testing

@testable import HTTPKit

/// What the TLS library says names its source files; what is told doesn't.
struct TLSErrorTextTests {
    @Test(arguments: [
        (
            "handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268435581 error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at /build/checkouts/swift-nio-ssl/Sources/CNIOBoringSSL/ssl/handshake.cc:393]))",
            "the certificate can't be verified"
        ),
        (
            "sslError([Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at /x/tls_record.cc:231])",
            "the other side does not speak TLS on this port"
        ),
        (
            "sslError([Error: 1 error:10000412:SSL routines:OPENSSL_internal:SOMETHING_NEW_HERE at /x/y.cc:1])",
            "TLS: something new here"
        ),
        ("handshakeFailed(NIOSSL.BoringSSLError.eofDuringHandshake)", "the connection was closed during the handshake"),
        (
            "NIOSSLExtraError.failedToValidateHostname: Couldn't find a in certificate",
            "the certificate is for another name"
        ),
        ("something else entirely at /x/y.cc:1", "the TLS connection failed"),
    ])
    func `a text becomes words`(text: String, words: String) {
        #expect(TLSErrorText.words(text) == words)
    }

    @Test func `no unknown error tells its type`() {
        struct Inner: Error { let path = "/build/x.cc" }
        #expect(describe(Inner()) == "the connection failed")
        #expect(describe(ChannelError.inputClosed) == "the connection was closed")
    }
}
