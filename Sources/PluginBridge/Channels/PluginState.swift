import DataPlaneAPI
import PluginProtocol
import RPC
import Synchronization

/// One running process (generation) of a plugin.
package final class PluginInstance: Sendable {
    /// The plugin's id.
    package let pluginID: String
    /// Counts the processes of a plugin, from 1.
    package let generation: Int
    /// The process id; nil for a remote plugin.
    package let pid: Int32?
    /// Where calls go.
    package let channel: GRPCChannel

    /// One bit per method that was answered with UNIMPLEMENTED.
    private let missing = Atomic<UInt32>(0)
    private let whenMissing: @Sendable () -> Void
    private let needs = Atomic<Bool>(false)

    /// An instance.
    ///
    /// - Parameter whenMissing: called once for each method that turns out to be missing, on any thread.
    package init(
        pluginID: String, generation: Int, pid: Int32?, channel: GRPCChannel,
        whenMissing: @escaping @Sendable () -> Void = {}
    ) {
        self.pluginID = pluginID
        self.generation = generation
        self.pid = pid
        self.channel = channel
        self.whenMissing = whenMissing
    }

    /// Whether the process has said that it doesn't implement a method.
    ///
    /// False as long as nobody has asked. The next process starts anew: it may be another version.
    package func isMissing(_ method: PluginMethod) -> Bool {
        missing.load(ordering: .relaxed) & Self.bit(method) != 0
    }

    /// The methods that the process has said it doesn't implement.
    package var missingMethods: [PluginMethod] { PluginMethod.allCases.filter(isMissing) }

    /// Keeps in mind that the process doesn't implement a method.
    package func note(missing method: PluginMethod) {
        let bit = Self.bit(method)
        if missing.bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0 { whenMissing() }
    }

    /// Whether the process has said of a call without a data source that it can't answer it.
    package var needsDataSource: Bool { needs.load(ordering: .relaxed) }

    /// Keeps in mind that the process answers for data sources only.
    package func noteNeedOfDataSource() {
        if !needs.exchange(true, ordering: .relaxed) { whenMissing() }
    }

    private static func bit(_ method: PluginMethod) -> UInt32 { 1 << UInt32(method.rawValue) }
}

/// What calls to a plugin meet.
package enum PluginState: Sendable {
    /// Calls go to this instance.
    case ready(PluginInstance)
    /// Calls are refused.
    case down(PluginDown)

    /// Calls are refused with this error.
    package static func down(_ phase: PluginPhase, _ error: GatewayError) -> PluginState {
        .down(PluginDown(phase, error))
    }

    /// The phase that this is.
    package var phase: PluginPhase {
        switch self {
        case .ready: .ready
        case .down(let down): down.phase
        }
    }
}

/// The phases of a plugin, as conditions and the admin listener name them.
package enum PluginPhase: String, Sendable, CaseIterable {
    case starting = "Starting"
    case ready = "Ready"
    case degraded = "Degraded"
    case backingOff = "BackingOff"
    case crashLooping = "CrashLooping"
    case stopped = "Stopped"
    case missing = "NotFound"
}
