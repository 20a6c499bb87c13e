import DataPlaneAPI
import Synchronization
import SystemKit

/// The token that the upstream's discovery is read with, from a file that may be replaced.
final class UpstreamToken: Sendable {
    private struct State {
        var token: String
        var isOld: ContinuousClock.Instant
    }

    private let path: String
    private let state: Mutex<State>

    /// Reads the file; nil without one.
    ///
    /// - Throws: what the file lacks, naming the setting.
    init?(_ settings: Settings) throws(GatewayError) {
        guard !settings.upstreamTokenFile.isEmpty else { return nil }
        let path = settings.upstreamTokenFile
        self.path = path
        let token = try settings.naming("upstream-token-file") { () throws(GatewayError) in try Self.read(path) }
        state = Mutex(State(token: token, isOld: .now + Self.age))
    }

    private static var age: Duration { .seconds(5) }

    /// The token as it is now; one that can't be read stays as it was.
    var token: String {
        state.withLock { state in
            guard .now >= state.isOld else { return state.token }
            state.isOld = .now + Self.age
            if let new = try? Self.read(path) { state.token = new }
            return state.token
        }
    }

    private static func read(_ path: String) throws(GatewayError) -> String {
        let text = try FileText.read(path).drop { $0.isWhitespace }
        let token = text.prefix { !$0.isWhitespace }
        guard !token.isEmpty, text.dropFirst(token.count).allSatisfy(\.isWhitespace),
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw GatewayError(.badRequest, "\(path): must hold one token, without blanks in it, and nothing else")
        }
        return String(token)
    }
}
