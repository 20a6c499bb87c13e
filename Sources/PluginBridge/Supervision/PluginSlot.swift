import Synchronization

/// The place of one supervisor among those of a plugin: while a new one is tried beside the old, only one is heard.
final class PluginSlot: Sendable {
    private enum Role {
        case current
        case candidate(replacing: PluginSlot?, decided: @Sendable (Bool) -> Void)
        case retired
    }

    private let role: Mutex<Role>
    private let publish: @Sendable (PluginState) -> Void

    /// The only one of a plugin.
    init(publish: @escaping @Sendable (PluginState) -> Void) {
        role = Mutex(.current)
        self.publish = publish
    }

    /// One that takes another's place once it is ready.
    ///
    /// - Parameter decided: told once whether it took the place.
    init(
        replacing old: PluginSlot?, decided: @escaping @Sendable (Bool) -> Void,
        publish: @escaping @Sendable (PluginState) -> Void
    ) {
        role = Mutex(.candidate(replacing: old, decided: decided))
        self.publish = publish
    }

    /// Takes a state of the supervisor.
    func take(_ state: PluginState) {
        let isHeard = role.withLock { role in
            switch role {
            case .current: return true
            case .retired: return false
            case .candidate(let old, let decided):
                switch state {
                case .ready:
                    old?.retire()
                    role = .current
                    decided(true)
                    return true
                case .down(let down) where down.phase == .starting: return false
                case .down:
                    role = .retired
                    decided(false)
                    return false
                }
            }
        }
        if isHeard { publish(state) }
    }

    /// Is not heard any more.
    func retire() { role.withLock { $0 = .retired } }
}
