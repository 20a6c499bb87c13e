import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOSSL
import Synchronization

/// What TLS connections to servers are made with, once for each configuration, for all event loops.
///
/// Reading the system's authorities takes milliseconds and a megabyte, so it happens beside the loops, and whoever wants
/// the same meanwhile waits for it. What failed is tried again by the next one.
package final class TLSContexts: Sendable {
    typealias Outcome = Result<NIOSSLContext, TLSMaterialFault>

    /// Those that nobody has asked for this long live only as long as their connections' pools.
    private static let keeps = TimeAmount.minutes(10)

    private struct Made {
        weak var context: NIOSSLContext?
        var kept: NIOSSLContext?
        var asked: NIODeadline
    }

    private struct State {
        var made: [TLSMaterial: Made] = [:]
        /// Who waits for one that is being made.
        var waiters: [TLSMaterial: [@Sendable (Result<Outcome, GatewayError>) -> Void]] = [:]
    }

    private let state = Mutex(State())
    private let work: SideWork
    private let make: @Sendable (TLSMaterial) -> Outcome

    /// Contexts that are made on the threads of `work`.
    package convenience init(_ work: SideWork) { self.init(work) { $0.context() } }

    init(_ work: SideWork, make: @escaping @Sendable (TLSMaterial) -> Outcome) {
        self.work = work
        self.make = make
    }

    /// Gives what connections under these settings are made with; call on the loop.
    ///
    /// - Parameter done: called once on the loop, maybe at once; with an error that says which part can't be used, or that
    ///   no thread had the time.
    func context(
        _ settings: TLSClientSettings, host: String, milliseconds: Int, on loop: any EventLoop,
        _ done: @escaping (Result<TLSClientContext, GatewayError>) -> Void
    ) {
        let material = TLSMaterial(settings)
        if let known = known(material) { return done(.success(TLSClientContext(known, settings, host: host))) }
        let bound = NIOLoopBound(done, eventLoop: loop)
        let isFirst = state.withLock { state in
            let isFirst = state.waiters[material] == nil
            state.waiters[material, default: []].append { result in
                loop.execute {
                    bound.value(
                        result.flatMap { outcome in
                            outcome.map { TLSClientContext($0, settings, host: host) }
                                .mapError { $0.error(settings.words) }
                        })
                }
            }
            return isFirst
        }
        guard isFirst else { return }
        let make = make
        work.run("the TLS settings of a server", milliseconds: milliseconds, on: loop) {
            make(material)
        } _: { [self] result in
            let waiters = state.withLock { state in
                if case .success(.success(let context)) = result { Self.keep(context, material, in: &state) }
                return state.waiters.removeValue(forKey: material) ?? []
            }
            for tell in waiters { tell(result) }
        }
    }

    private func known(_ material: TLSMaterial) -> NIOSSLContext? {
        state.withLock { state in
            guard let context = state.made[material]?.context else { return nil }
            state.made[material]?.kept = context
            state.made[material]?.asked = .now()
            return context
        }
    }

    private static func keep(_ context: NIOSSLContext, _ material: TLSMaterial, in state: inout State) {
        let now = NIODeadline.now()
        for (key, made) in state.made where made.asked + keeps < now {
            state.made[key]?.kept = nil
            if made.kept == nil, made.context == nil { state.made[key] = nil }
        }
        state.made[material] = Made(context: context, kept: context, asked: now)
    }
}

/// The part of a server's TLS settings that takes time to read.
struct TLSMaterial: Sendable, Hashable {
    private let verifies: Bool
    private let authorities: [UInt8]
    private let certificateChain: [UInt8]
    private let privateKey: [UInt8]

    init(_ settings: TLSClientSettings) {
        verifies = settings.verifies
        authorities = settings.authorities
        certificateChain = settings.certificateChain
        privateKey = settings.privateKey
    }

    /// Reads it; reads the system's authorities from files, so not on an event loop.
    func context() -> TLSContexts.Outcome {
        var made = TLSConfiguration.makeClientConfiguration()
        made.minimumTLSVersion = .tlsv12
        made.applicationProtocols = ["http/1.1"]
        made.certificateVerification = verifies ? .fullVerification : .none
        if !authorities.isEmpty {
            do {
                made.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authorities))
            } catch { return .failure(TLSMaterialFault(.authorities, error)) }
        }
        if !certificateChain.isEmpty {
            do {
                made.certificateChain = try NIOSSLCertificate.fromPEMBytes(certificateChain).map { .certificate($0) }
            } catch { return .failure(TLSMaterialFault(.certificate, error)) }
            do {
                made.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: privateKey, format: .pem))
            } catch { return .failure(TLSMaterialFault(.key, error)) }
        }
        do { return .success(try NIOSSLContext(configuration: made)) } catch {
            return .failure(TLSMaterialFault(.pair, error))
        }
    }
}

/// Which part of a server's TLS settings can't be used.
struct TLSMaterialFault: Error {
    enum Part { case authorities, certificate, key, pair }

    let part: Part
    let cause: String

    init(_ part: Part, _ cause: any Error) {
        self.part = part
        self.cause = describe(cause)
    }

    /// The error, in the words of whoever wrote the settings.
    func error(_ words: TLSClientSettings.Words) -> GatewayError {
        let why =
            switch part {
            case .authorities: "\(words.authorities) holds no PEM certificate"
            case .certificate: "\(words.certificate) holds no PEM certificate"
            case .key: "\(words.key) is not an unencrypted PEM key"
            case .pair: "\(words.key) does not belong to \(words.certificate)"
            }
        return GatewayError(
            .badRequest, "Unable to load TLS certificate: \(why)", source: .gateway, cause: cause)
    }
}
