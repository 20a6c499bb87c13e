import DataPlaneAPI
import FoundationEssentials
import HTTPKit
import SwiftASN1
import Synchronization
import X509

/// The authorities that client certificates are judged by.
package struct ClientAuthorities: Sendable {
    /// Of users; nil when users can't sign in with certificates.
    package var client: CertificateBundle?
    /// Of front proxies; nil when there are none.
    package var frontProxy: CertificateBundle?
    /// Common names that front proxies may have; empty for any.
    package var allowedNames: [String]

    /// Creates authorities.
    package init(
        client: CertificateBundle? = nil, frontProxy: CertificateBundle? = nil, allowedNames: [String] = []
    ) {
        self.client = client
        self.frontProxy = frontProxy
        self.allowedNames = allowedNames
    }

    /// All certificates as PEM, to be named to clients that are asked for one.
    package var pem: [UInt8] { (client?.pem ?? []) + (frontProxy?.pem ?? []) }
}

/// Judges client certificates by Kubernetes' rules, and again whenever the authorities change.
package final class ClientCertificateVerifier: PeerCertificateVerifier {
    private struct Known {
        weak var certificate: ClientCertificate?
    }

    private struct State {
        var authorities: ClientAuthorities
        var known: [Known] = []
    }

    private let state: Mutex<State>

    /// A verifier.
    package init(_ authorities: ClientAuthorities) {
        state = Mutex(State(authorities: authorities))
    }

    /// Judges a certificate by all authorities.
    package func verify(_ chain: [[UInt8]]) async -> any PeerCertificate {
        let certificate = ClientCertificate(
            chain: chain, await Self.judge(chain, state.withLock { $0.authorities }))
        state.withLock { state in
            if state.known.count >= 1024 { state.known.removeAll { $0.certificate == nil } }
            state.known.append(Known(certificate: certificate))
        }
        return certificate
    }

    /// Takes other authorities, also for connections that are open.
    package func replace(_ authorities: ClientAuthorities) async {
        let open = state.withLock { state in
            state.authorities = authorities
            state.known.removeAll { $0.certificate == nil }
            return state.known.compactMap(\.certificate)
        }
        for certificate in open { certificate.replace(await Self.judge(certificate.chain, authorities)) }
    }

    private static func judge(
        _ chain: [[UInt8]], _ authorities: ClientAuthorities
    ) async -> ClientCertificate.Judgement {
        var judgement = ClientCertificate.Judgement()
        let read = chain.compactMap { try? Certificate(derEncoded: $0) }
        guard let leaf = read.first, read.count == chain.count else {
            let broken = CertificateVerdict.refused("the client certificate can't be read")
            if authorities.client != nil { judgement.client = broken }
            if authorities.frontProxy != nil { judgement.frontProxy = broken }
            return judgement
        }
        judgement.notAfter = Int(leaf.notValidAfter.timeIntervalSince1970)
        let user = CertificateSubject.user(leaf, der: chain[0])
        let others = Array(read.dropFirst())
        if let store = authorities.client?.store {
            judgement.client = await verdict(leaf, others, store, user)
        }
        if let store = authorities.frontProxy?.store {
            judgement.frontProxy = await verdict(leaf, others, store, user)
            if case .valid = judgement.frontProxy, !authorities.allowedNames.isEmpty,
                !authorities.allowedNames.contains(user.name)
            {
                judgement.frontProxy = .refused("the client certificate's common name is not that of a front proxy")
            }
        }
        return judgement
    }

    private static func verdict(
        _ leaf: Certificate, _ others: [Certificate], _ roots: CertificateStore, _ user: User
    ) async -> CertificateVerdict {
        let now = Date()
        if leaf.notValidAfter < now {
            return .refused(
                "the client certificate has expired; it was valid until \(leaf.notValidAfter.ISO8601Format())")
        }
        if leaf.notValidBefore > now {
            return .refused("the client certificate is valid only from \(leaf.notValidBefore.ISO8601Format()) on")
        }
        guard ClientUsagePolicy.allows(leaf) else {
            return .refused("the client certificate is not for client authentication (extended key usage)")
        }
        var verifier = Verifier(rootCertificates: roots) {
            RFC5280Policy()
            ClientUsagePolicy()
        }
        switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(others)) {
        case .validCertificate: return .valid(user)
        case .couldNotValidate:
            return .refused("the client certificate is not signed by an authority that is trusted here")
        }
    }
}

/// Certificates must be for client authentication, where they say what they are for.
struct ClientUsagePolicy: VerifierPolicy {
    /// Also handled when marked critical.
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.keyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    /// The client's own certificate was looked at before; this says no for authorities that exclude the use.
    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        for certificate in chain where !Self.allows(certificate) {
            return .failsToMeetPolicy(reason: "a certificate of the chain is not for client authentication")
        }
        return .meetsPolicy
    }

    static func allows(_ certificate: Certificate) -> Bool {
        guard let usage = try? certificate.extensions.extendedKeyUsage else {
            return certificate.extensions[oid: .X509ExtensionID.extendedKeyUsage] == nil
        }
        return usage.contains(.clientAuth) || usage.contains(.any)
    }
}
