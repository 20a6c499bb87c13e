/// A plugin's process, whoever started it.
package protocol RunningProcess: AnyObject, Sendable {
    /// The process id.
    var pid: Int32 { get }
    /// Sends a signal to the process and what it has started; nothing happens once it has ended.
    func signal(_ number: Int32)
    /// Kills the process and what it has started.
    func kill()
    /// How the process ended; waits until it has.
    func exited() async -> ProcessExit
}

extension PluginProcess: RunningProcess {}

/// Starts the processes of plugins.
package protocol PluginLauncher: Sendable {
    /// Starts a process; `onEvent` hears of its lines and its end.
    func launch(
        _ request: ProcessRequest, onEvent: @escaping @Sendable (ProcessEvent) -> Void
    ) async throws(ProcessError) -> any RunningProcess
}

/// Starts them as children of this process, which end with it.
package struct ChildLauncher: PluginLauncher {
    /// A launcher.
    package init() {}

    /// Starts a child.
    package func launch(
        _ request: ProcessRequest, onEvent: @escaping @Sendable (ProcessEvent) -> Void
    ) async throws(ProcessError) -> any RunningProcess {
        try await PluginProcess.start(request, onEvent: onEvent)
    }
}
