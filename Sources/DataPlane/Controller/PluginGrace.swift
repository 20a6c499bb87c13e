import DataPlaneAPI
import PluginBridge

/// For how long what stands in conditions is left standing while a plugin has no process that answers.
enum PluginGrace {
    /// The gateway has just started, and with it the plugin: conditions of the last run are as good as any.
    case start
    /// A plugin was fine and is started again: that shall not show.
    case restart

    var time: Duration {
        switch self {
        case .start: .seconds(10)
        case .restart: .seconds(3)
        }
    }

    /// What a change of a plugin means for its grace.
    enum Step: Equatable {
        case leave
        case begin(PluginGrace)
        /// Conditions say what is.
        case end
    }

    /// The step when a plugin comes to a phase.
    static func step(_ grace: PluginGrace?, _ phase: PluginPhase) -> Step {
        switch phase {
        // One that was taken away is no restart: nothing is waited for.
        case .ready, .missing: .end
        case .starting: grace == nil ? .begin(.restart) : .leave
        // A start that fails is no start any more.
        case .degraded, .backingOff, .crashLooping, .stopped: grace == .restart ? .leave : .begin(.restart)
        }
    }

    /// Whether what stands is left standing.
    ///
    /// - Parameters:
    ///   - standing: the condition `PluginReady`, found for the object as it is.
    ///   - isAsked: whether the plugin is being asked what it implements.
    static func keeps(_ standing: Condition, _ grace: PluginGrace?, _ phase: PluginPhase, isAsked: Bool) -> Bool {
        if phase == .ready { return isAsked && standing.reason == ServiceConditions.notImplemented }
        return switch grace {
        case .start: true
        case .restart: standing.status == .isTrue
        case nil: false
        }
    }
}
