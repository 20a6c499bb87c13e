import DataPlaneAPI
import NIOConcurrencyHelpers
import NIOCore

/// The access tokens of all event loops: requests that need the same one ask for it once.
///
/// Behind a lock, which is taken when a loop has no token of its own: about once an hour.
package final class AccessTokenStore: Sendable {
    private enum Entry {
        case asked([EventLoopPromise<AccessToken>])
        case known(AccessToken, until: NIODeadline)
    }

    /// Tokens kept; beyond, all go and are asked for anew.
    private static let limit = 1000

    private let entries = NIOLockedValueBox<[AccessTokenRequest: Entry]>([:])

    /// An empty store.
    package init() {}

    /// The token for a request.
    ///
    /// - Parameter fetch: asks for it and calls back once; called when nobody has asked yet, on the caller's loop.
    func token(
        _ request: AccessTokenRequest, on loop: any EventLoop,
        fetch: (@escaping @Sendable (Result<AccessToken, GatewayError>) -> Void) -> Void
    ) -> EventLoopFuture<AccessToken> {
        let promise = loop.makePromise(of: AccessToken.self)
        let (known, isFirst) = entries.withLockedValue { entries -> (AccessToken?, Bool) in
            switch entries[request] {
            case .known(let token, let until) where until > .now(): return (token, false)
            case .asked(let waiting):
                entries[request] = .asked(waiting + [promise])
                return (nil, false)
            default:
                entries[request] = .asked([promise])
                return (nil, true)
            }
        }
        if let known { promise.succeed(known) }
        if isFirst { fetch { self.take($0, for: request) } }
        return promise.futureResult
    }

    private func take(_ result: Result<AccessToken, GatewayError>, for request: AccessTokenRequest) {
        let waiting = entries.withLockedValue { entries -> [EventLoopPromise<AccessToken>] in
            guard case .asked(let waiting) = entries.removeValue(forKey: request) else { return [] }
            if case .success(let token) = result, let until = token.keptUntil {
                Self.makeRoom(&entries)
                entries[request] = .known(token, until: until)
            }
            return waiting
        }
        for promise in waiting { promise.completeWith(result.mapError { $0 }) }
    }

    /// Drops tokens that have ended, and when that isn't enough all that nobody waits for.
    private static func makeRoom(_ entries: inout [AccessTokenRequest: Entry]) {
        guard entries.count >= limit else { return }
        let now = NIODeadline.now()
        func drop(_ isDropped: (NIODeadline) -> Bool) {
            entries = entries.filter { entry in
                if case .known(_, let until) = entry.value { !isDropped(until) } else { true }
            }
        }
        drop { $0 <= now }
        if entries.count >= limit { drop { _ in true } }
    }
}
