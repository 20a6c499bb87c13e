import APIServer
import DataPlaneAPI
import SystemKit

/// Keeps the data sources of the event loops in step with the provisioning files.
package actor DataSourceController {
    private let layout: ProvisioningLayout
    private let environment: [String: String]
    private let learn: @Sendable (GrafanaConfig) async -> Void
    private let publish: @Sendable (DataSourceTable) async -> Void
    private let report: @Sendable ([GatewayError]) -> Void
    private var current: Provisioning?
    private var isLooking = false
    private let start = Int64(WallClock.milliseconds())

    /// A controller that has read nothing yet.
    ///
    /// - Parameters:
    ///   - environment: for `$VAR` in values.
    ///   - learn: is given Grafana's settings whenever the files changed, before anything is published.
    ///   - publish: is given a table whenever data sources, apps or Grafana's settings changed; what didn't change in
    ///     it are the same objects as before.
    ///   - report: is given all faults whenever they changed.
    package init(
        _ layout: ProvisioningLayout, environment: [String: String],
        learn: @escaping @Sendable (GrafanaConfig) async -> Void = { _ in },
        publish: @escaping @Sendable (DataSourceTable) async -> Void,
        report: @escaping @Sendable ([GatewayError]) -> Void
    ) {
        self.layout = layout
        self.environment = environment
        self.learn = learn
        self.publish = publish
        self.report = report
    }

    /// The table that was published last.
    package var table: DataSourceTable? { current?.table }
    /// What was wrong when the files were read last.
    package var faults: [GatewayError] { current?.faults ?? [] }

    /// Looks at the files and, if they changed, reads and publishes them; the first time always.
    package func look() async {
        // A call while an earlier one waits for the loops could publish out of order.
        guard !isLooking else { return }
        if let current, current.isCurrent(layout) { return }
        isLooking = true
        defer { isLooking = false }
        let loaded = Provisioning.load(layout, environment: environment, previous: current, start: start)
        let last = current
        current = loaded
        await learn(loaded.grafana)
        if loaded.faults.map(\.message) != last?.faults.map(\.message) ?? [] { report(loaded.faults) }
        if loaded.table !== last?.table { await publish(loaded.table) }
    }

    /// Looks once per interval until the task is cancelled.
    package func run(every interval: Duration = .seconds(1)) async {
        while !Task.isCancelled {
            await look()
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }
}
