import FoundationEssentials
import HTTPKit
import Synchronization

/// What an authority's word is worth for a client's certificate.
package enum CertificateVerdict: Sendable, Equatable {
    /// No such authority is configured.
    case notAsked
    /// Signed by it, in time, for client authentication; this is the subject.
    case valid(User)
    /// Not that, and why, as told to the client.
    case refused(String)
}

/// A client's certificate and what the authorities say to it, kept with its connection.
package final class ClientCertificate: PeerCertificate {
    /// What was found out at one time.
    struct Judgement: Sendable {
        var client = CertificateVerdict.notAsked
        var frontProxy = CertificateVerdict.notAsked
        /// From then on nothing of it is true any more, seconds since 1970.
        var notAfter = Int.max
    }

    /// The certificates in DER, to be judged again when the authorities change.
    let chain: [[UInt8]]
    // Written seldom, from anywhere, when authorities are replaced.
    private let judgement: Mutex<Judgement>

    init(chain: [[UInt8]], _ judgement: Judgement) {
        self.chain = chain
        self.judgement = Mutex(judgement)
    }

    func replace(_ judgement: Judgement) { self.judgement.withLock { $0 = judgement } }

    /// What the client authority says.
    var client: CertificateVerdict { current { $0.client } }
    /// What the front proxies' authority says.
    var frontProxy: CertificateVerdict { current { $0.frontProxy } }

    /// A connection may outlive the certificate that opened it.
    private func current(_ verdict: (Judgement) -> CertificateVerdict) -> CertificateVerdict {
        let judgement = judgement.withLock { $0 }
        let found = verdict(judgement)
        guard case .valid = found, Int(Date().timeIntervalSince1970) > judgement.notAfter else { return found }
        return .refused("the client certificate has expired")
    }
}
