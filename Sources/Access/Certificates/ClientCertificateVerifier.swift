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
        /// Counts the replacements of the authorities.
        var generation = 0
        var known: [Known] = []
        /// Chains by their first certificate: a resumed session brings that one alone.
        var chains: [[UInt8]: [[UInt8]]] = [:]
    }

    /// The most certificates of a chain, and their bytes together; clients choose what they show.
    private static let longestChain = 6
    private static let largestChain = 32 * 1024
    private static let keptChains = 1024

    private let state: Mutex<State>

    /// A verifier.
    package init(_ authorities: ClientAuthorities) {
        state = Mutex(State(authorities: authorities))
    }

    /// Judges a certificate by all authorities.
    package func verify(_ shown: [[UInt8]]) async -> any PeerCertificate {
        let chain = remember(shown)
        let certificate = ClientCertificate(chain: chain, ClientCertificate.Judgement())
        while true {
            let (authorities, generation) = state.withLock { ($0.authorities, $0.generation) }
            certificate.replace(await Self.judge(chain, authorities))
            let isCurrent = state.withLock { state in
                guard state.generation == generation else { return false }
                if state.known.count >= 1024 { state.known.removeAll { $0.certificate == nil } }
                state.known.append(Known(certificate: certificate))
                return true
            }
            if isCurrent { return certificate }
        }
    }

    /// Keeps a chain with intermediates, and gives it back for its first certificate alone.
    private func remember(_ shown: [[UInt8]]) -> [[UInt8]] {
        guard let leaf = shown.first else { return shown }
        return state.withLock { state in
            guard shown.count > 1 else { return state.chains[leaf] ?? shown }
            guard shown.count <= Self.longestChain else { return shown }
            if state.chains.count >= Self.keptChains { state.chains = [:] }
            state.chains[leaf] = shown
            return shown
        }
    }

    /// Takes other authorities, also for connections that are open.
    package func replace(_ authorities: ClientAuthorities) async {
        let open = state.withLock { state in
            state.authorities = authorities
            state.generation += 1
            state.known.removeAll { $0.certificate == nil }
            return state.known.compactMap(\.certificate)
        }
        for certificate in open { certificate.replace(await Self.judge(certificate.chain, authorities)) }
    }

    private static func judge(
        _ chain: [[UInt8]], _ authorities: ClientAuthorities
    ) async -> ClientCertificate.Judgement {
        var judgement = ClientCertificate.Judgement()
        func refused(_ why: String) -> ClientCertificate.Judgement {
            let broken = CertificateVerdict.refused(why)
            if authorities.client != nil { judgement.client = broken }
            if authorities.frontProxy != nil { judgement.frontProxy = broken }
            return judgement
        }
        guard chain.count <= longestChain, chain.reduce(0, { $0 + $1.count }) <= largestChain else {
            return refused(
                "the client certificate comes with too many others; at most \(longestChain - 1) may follow it")
        }
        let read = chain.compactMap { try? Certificate(derEncoded: $0) }
        guard let leaf = read.first, read.count == chain.count else {
            return refused("the client certificate can't be read")
        }
        // Of several with one name each might have signed each other: a search through all of them takes for ever.
        guard Set(read.map(\.subject)).count == read.count else {
            return refused("two of the certificates that the client shows have the same name")
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
        for (index, certificate) in chain.enumerated() {
            guard Self.allows(certificate) else {
                return .failsToMeetPolicy(reason: "a certificate of the chain is not for client authentication")
            }
            guard index > 0 else { continue }
            if let usage = try? certificate.extensions.keyUsage, !usage.keyCertSign {
                return .failsToMeetPolicy(reason: "an authority of the chain may not sign certificates")
            }
        }
        // Roots are trusted as they are; their own signatures say nothing.
        for certificate in chain.dropLast() where Self.weak.contains(certificate.signatureAlgorithm) {
            return .failsToMeetPolicy(reason: "a certificate of the chain is signed with SHA-1")
        }
        return .meetsPolicy
    }

    private static let weak: [Certificate.SignatureAlgorithm] = [.sha1WithRSAEncryption]

    static func allows(_ certificate: Certificate) -> Bool {
        guard let usage = try? certificate.extensions.extendedKeyUsage else {
            return certificate.extensions[oid: .X509ExtensionID.extendedKeyUsage] == nil
        }
        return usage.contains(.clientAuth) || usage.contains(.any)
    }
}
