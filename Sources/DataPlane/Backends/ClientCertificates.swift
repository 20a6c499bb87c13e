import DataPlaneAPI
import Synchronization

/// The client certificates that objects may name in `spec.backend.tls.clientCertificate`.
package final class ClientCertificates: Sendable {
    /// A certificate and its key, both PEM.
    package struct Pair: Sendable, Hashable {
        /// The certificate and its intermediates.
        package var chain: [UInt8]
        /// The private key.
        package var key: [UInt8]

        /// A pair.
        package init(chain: [UInt8], key: [UInt8]) {
            self.chain = chain
            self.key = key
        }
    }

    private let pairs: Mutex<[String: Pair]>

    /// Certificates by name.
    package init(_ pairs: [String: Pair] = [:]) { self.pairs = Mutex(pairs) }

    /// Replaces all of them.
    package func replace(_ pairs: [String: Pair]) { self.pairs.withLock { $0 = pairs } }

    /// The certificate of a name.
    ///
    /// - Throws: 503 that says where it is missing.
    package func pair(_ name: String) throws(GatewayError) -> Pair {
        if let pair = pairs.withLock({ $0[name] }) { return pair }
        throw GatewayError(
            .serviceUnavailable,
            "there is no client certificate \"\(name)\" (setting backend-client-certificate), which "
                + "spec.backend.tls.clientCertificate names")
    }
}
