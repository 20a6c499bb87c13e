import Bytes
import Crypto
import DataPlaneAPI
import HTTPKit
import Logging
import Synchronization

/// The upstream's discovery under one of its names: one snapshot for everybody, since Kubernetes' discovery is the same for
/// all users, shown only to those whom the upstream knows.
///
/// It is taken with a token where one is configured; else without a credential if the upstream answers so, and else with
/// that of whoever asks first. No credential is kept: what proves that the upstream knows somebody is its answer to them, and
/// that answer is the new snapshot.
final class UpstreamView: Sendable {
    /// Whether the upstream knows somebody.
    private enum Verdict: Sendable { case known, unknown }

    private struct State {
        var groups: [DiscoveryGroup] = []
        var callers: [Key: Refreshed<Verdict>] = [:]
        var documents: [String: Refreshed<FetchedDocument>] = [:]
        /// Whether the upstream has just refused the configured token.
        var isTokenRefused = false
    }

    private typealias Key = HashedAuthenticationCode<SHA256>

    /// So many callers are remembered, and so many documents kept.
    private static let callerLimit = 4_096
    private static let documentLimit = 8
    private let fetch: UpstreamSource.Fetch
    private let token: @Sendable () -> String?
    private let host: String
    private let patience: Duration
    private let secret = SymmetricKey(size: .bits256)
    /// How old what is shown may be without being made anew.
    private let fresh: Duration
    private let nobody: Refreshed<Verdict>
    private let byToken: Refreshed<Bool>
    private let state = Mutex(State())
    private let logger = Logger(label: "discovery")

    init(
        token: @escaping @Sendable () -> String?, host: String, patience: Duration, fresh: Duration,
        fetch: @escaping UpstreamSource.Fetch
    ) {
        self.fresh = fresh
        self.token = token
        self.host = host
        self.patience = patience
        self.fetch = fetch
        nobody = Refreshed { Self.ages($0, fresh, ofNobody: true) }
        byToken = Refreshed { _ in Self.ages(.known, fresh, ofNobody: false) }
    }

    /// Whom the upstream doesn't know may be known soon; that it has gone makes nobody unknown.
    private static func ages(_ verdict: Verdict, _ fresh: Duration, ofNobody: Bool) -> RefreshAges {
        switch verdict {
        case .known: RefreshAges(fresh: fresh, usable: max(fresh, .seconds(60)), kept: .seconds(600))
        case .unknown where ofNobody: RefreshAges(fresh: .seconds(60), usable: .seconds(60), kept: .seconds(600))
        case .unknown: RefreshAges(fresh: fresh, usable: fresh, kept: .seconds(600))
        }
    }

    // MARK: What is shown

    /// The groups, if the upstream knows the caller.
    func groups(for caller: DiscoveryCaller) async -> [DiscoveryGroup] {
        guard await isKnown(caller) else { return [] }
        await readByToken(caller)
        return state.withLock { $0.groups }
    }

    /// A document that is the same for all whom the upstream knows.
    func document(_ path: String, for caller: DiscoveryCaller) async -> FetchedDocument? {
        guard await isKnown(caller) else { return nil }
        let kept = state.withLock { state -> Refreshed<FetchedDocument> in
            if let kept = state.documents[path] { return kept }
            if state.documents.count >= Self.documentLimit {
                let old = state.documents.first { $0.value.isOld() } ?? state.documents.first
                if let old { state.documents[old.key] = nil }
            }
            let made = Refreshed<FetchedDocument> { _ in
                RefreshAges(fresh: .seconds(5), usable: .seconds(60), kept: .seconds(600))
            }
            state.documents[path] = made
            return made
        }
        let headers = credential(caller)
        let found = await kept.value(patience: patience) { [fetch] in
            guard let document = await fetch(path, "application/json", headers), document.status < 500 else {
                return nil
            }
            return document
        }
        return found.flatMap { $0.status == 200 ? $0 : nil }
    }

    // MARK: Who may see it

    private func isKnown(_ caller: DiscoveryCaller) async -> Bool {
        let open = Self.bare(caller.headers)
        let asked: @Sendable () async -> Verdict? = { await self.ask(open) }
        guard let key = key(caller) else { return await nobody.value(patience: patience, asked) == .known }
        // Both at once: whoever is unknown waits no longer than others.
        let isOpen = await nobody.value(patience: .zero, asked) == .known
        if isOpen { return true }
        let verdict = state.withLock { state -> Refreshed<Verdict> in
            if let known = state.callers[key] { return known }
            if state.callers.count >= Self.callerLimit { state.callers = state.callers.filter { !$0.value.isOld() } }
            if state.callers.count >= Self.callerLimit { state.callers = [:] }
            let made = Refreshed<Verdict> { [fresh] in Self.ages($0, fresh, ofNobody: false) }
            state.callers[key] = made
            return made
        }
        let own = Self.carried(caller.headers)
        if await verdict.value(patience: patience, { await self.ask(own) }) == .known { return true }
        return await nobody.value(patience: patience, asked) == .known
    }

    /// Asks the upstream for its discovery with what some fields carry; nil when it doesn't answer.
    private func ask(_ headers: HeaderBlock) async -> Verdict? {
        guard let document = await fetch("/apis", DiscoveryReader.accept, headers), document.status < 500 else {
            return nil
        }
        guard document.status == 200 else { return .unknown }
        // What the token has read counts, where there is one.
        if token() == nil || state.withLock({ $0.isTokenRefused }) { await publish(document, headers) }
        return .known
    }

    private func readByToken(_ caller: DiscoveryCaller) async {
        guard token() != nil else { return }
        let headers = credential(caller)
        _ = await byToken.value(patience: patience) {
            guard let document = await self.fetch("/apis", DiscoveryReader.accept, headers), document.status < 500
            else {
                return nil
            }
            let isRefused = document.status != 200
            let wasRefused = self.state.withLock { state in
                defer { state.isTokenRefused = isRefused }
                return state.isTokenRefused
            }
            if isRefused, !wasRefused {
                self.logger.error(
                    "the upstream refuses the token of upstream-token-file for its discovery; callers' credentials are used",
                    metadata: ["status": "\(document.status)"])
            }
            if !isRefused { await self.publish(document, headers) }
            return !isRefused
        }
    }

    private func publish(_ document: FetchedDocument, _ headers: HeaderBlock) async {
        guard let json = try? JSONValue.parse(document.body, JSONOptions(maxDepth: 64, duplicates: .lastWins)) else {
            return
        }
        guard let groups = await DiscoveryReader(fetch: fetch, headers: headers).groups(json) else { return }
        state.withLock { $0.groups = groups }
    }

    // MARK: Credentials

    /// What a document for everybody is read with: the token, or what the caller has, whom the upstream knows.
    private func credential(_ caller: DiscoveryCaller) -> HeaderBlock {
        guard let token = token(), !state.withLock({ $0.isTokenRefused }) else { return Self.carried(caller.headers) }
        // The token is for the upstream that is configured, whatever name a caller calls it by.
        var headers = HeaderBlock()
        headers.add("Host", host)
        headers.add("Authorization", "Bearer \(token)")
        return headers
    }

    /// The fields that go along, and no other.
    private static func carried(_ headers: HeaderBlock) -> HeaderBlock {
        headers.filter { [.host, .authorization, .cookie].contains($0.known) }
    }

    /// Those of a caller without a credential.
    private static func bare(_ headers: HeaderBlock) -> HeaderBlock { headers.filter { $0.known == .host } }

    /// Stands for a caller's credential; nil for none.
    private func key(_ caller: DiscoveryCaller) -> Key? {
        var code = HMAC<SHA256>(key: secret)
        var isEmpty = true
        for field in caller.headers.fields where field.known == .authorization || field.known == .cookie {
            isEmpty = false
            caller.headers.withValue(field) { value in
                // Not as one tuple: what lies between its parts is anything.
                code.update(data: [field.known == .cookie ? 1 : 0] as [UInt8])
                withUnsafeBytes(of: value.count) { code.update(data: Array($0)) }
                code.update(data: Array(value))
            }
        }
        return isEmpty ? nil : code.finalize()
    }
}
