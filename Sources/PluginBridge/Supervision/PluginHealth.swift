import PluginProtocol
import RPC

/// What a plugin answers when it is asked how it is.
enum HealthFinding: Sendable, Equatable {
    /// It serves; also any answer of one without a health service.
    case serving
    /// It says itself that it doesn't serve.
    case notServing
    /// Nothing comes.
    case silent
}

extension GRPCChannel {
    /// Asks the plugin behind the channel how it is.
    func health(within seconds: Double) async -> HealthFinding {
        do throws(GRPCError) {
            let answer = try await unary(
                .health, PluginRequest.health(), options: GRPCCallOptions(deadline: .after(.seconds(seconds))))
            // One that can't be read says nothing good either.
            return (try? ServingStatus.isServing(answer)) == true ? .serving : .notServing
        } catch {
            // Any other answer, UNIMPLEMENTED above all, is an answer.
            return [.unavailable, .cancelled, .deadlineExceeded].contains(error.code) ? .silent : .serving
        }
    }
}

/// What becomes of a ready plugin by its answers: a state machine without a clock.
struct HealthRecord {
    /// What to do after an answer.
    enum Verdict: Equatable {
        /// Nothing changes.
        case same
        /// Calls are refused from now on.
        case outOfService(why: String)
        /// Calls go to it again.
        case back
        /// It is to be killed and started again.
        case hopeless
    }

    /// How a plugin is called that says of itself that it doesn't serve.
    static let notServing = "its health service says that it isn't serving (NOT_SERVING)"
    /// How a plugin is called that gives no answer.
    static let silent = "it runs, but does not answer health checks"
    /// So many misses in a row take a plugin out of service.
    private static let patience = 2
    /// So many end it.
    private static let lastChance = 6

    private var missed = 0
    /// Why it is out of service; nil while it is in.
    private var outage: String?

    /// Whether it is to be asked again soon.
    var isDoubtful: Bool { missed > 0 || outage != nil }

    /// Takes an answer, or that there is none.
    ///
    /// What the plugin says of itself counts at once, and it is left to say otherwise; silence may be a busy moment, and
    /// is ended when it lasts.
    mutating func note(_ finding: HealthFinding) -> Verdict {
        switch finding {
        case .serving:
            missed = 0
            defer { outage = nil }
            return outage == nil ? .same : .back
        case .notServing:
            missed = 0
            return out(Self.notServing)
        case .silent:
            missed += 1
            if missed >= Self.lastChance { return .hopeless }
            return missed >= Self.patience ? out(Self.silent) : .same
        }
    }

    private mutating func out(_ why: String) -> Verdict {
        guard outage != why else { return .same }
        outage = why
        return .outOfService(why: why)
    }
}
