import Bytes
import DataPlaneAPI
import PluginProtocol
import SystemKit

/// An app plugin as provisioned for an organisation.
package struct AppPlugin: Sendable, Equatable {
    /// The organisation.
    package let orgID: Int
    /// The organisation's name, for installations that go by it; mostly empty.
    package let orgName: String
    /// The plugin id.
    package let pluginID: String
    /// Whether it is switched on.
    package let isEnabled: Bool
    /// What the plugin receives; holds secrets.
    package private(set) var settings: AppInstanceSettings

    /// What tells the settings of an app in an organisation from others.
    static func key(orgID: Int, pluginID: String) -> String { "\(orgID)/\(pluginID)" }
    fileprivate var key: String { Self.key(orgID: orgID, pluginID: pluginID) }

    /// The same with another time of change.
    fileprivate func with(updatedMS: Int64) -> AppPlugin {
        var app = self
        app.settings.updatedMS = updatedMS
        return app
    }

    /// The hash of what a plugin receives.
    fileprivate var content: [UInt8] {
        var content = ContentHash()
        content.add(settings.jsonData)
        content.add(settings.secureJSONData)
        return content.value
    }
}

/// The app plugins of Grafana's provisioning files.
package struct AppPluginFiles: Sendable {
    /// The usable entries, in the order of files and entries.
    package private(set) var apps: [AppPlugin] = []
    /// What is wrong, each with file, line and field; never with a secret.
    package private(set) var faults: [GatewayError]
    /// Files that values refer to, as they were when they were read; nil for one that wasn't there.
    package let referencedFiles: [String: FileFacts?]
    /// When settings went, by `AppPlugin.key`: from then on the app has empty ones.
    private(set) var removed: [String: Int64] = [:]
    private let files: ProvisioningFiles<Candidate>
    private var times: UpdateTimes

    private struct Candidate: Sendable {
        let app: AppPlugin
        let place: String
    }

    /// Reads files and the YAML files directly in folders; the same rules as for data sources.
    package static func load(
        _ paths: [String], environment: [String: String], previous: AppPluginFiles? = nil, start: Int64? = nil
    ) -> AppPluginFiles {
        AppPluginFiles(paths, environment, previous, start)
    }

    private init(
        _ paths: [String], _ environment: [String: String], _ previous: AppPluginFiles?, _ start: Int64?
    ) {
        times = previous?.times.next ?? UpdateTimes(start: start)
        let interpolator = Interpolator(environment: environment)
        files = ProvisioningFiles(
            paths, previous: previous?.files, interpolator: interpolator, snakeCase: true
        ) { document, faults in
            var found: [Candidate] = []
            for var entry in document.entries("apps") {
                let place = entry.place
                if let app = AppPlugin(&entry) { found.append(Candidate(app: app, place: place)) }
                faults += entry.faults
            }
            return found
        }
        faults = files.faults
        referencedFiles = interpolator.files
        var seen: [String: String] = [:]
        for candidate in files.files.flatMap(\.entries) {
            let app = candidate.app
            let key = "\(app.orgID)/\(app.orgName)/\(app.pluginID)"
            if let first = seen[key] {
                faults.append(
                    GatewayError(
                        .badRequest,
                        "\(candidate.place).type: the app is there already for this organisation, at \(first)"))
                continue
            }
            seen[key] = candidate.place
            apps.append(timed(app, previous))
        }
        keepRemoved(previous)
    }

    private mutating func timed(_ app: AppPlugin, _ previous: AppPluginFiles?) -> AppPlugin {
        let old = previous?.apps.first { $0.key == app.key && $0.orgName == app.orgName }
        if let old, old.content == app.content { return app.with(updatedMS: old.settings.updatedMS) }
        return app.with(updatedMS: times.time(of: app.key, content: app.content))
    }

    private mutating func keepRemoved(_ previous: AppPluginFiles?) {
        let present = Set(apps.map(\.key))
        removed = (previous?.removed ?? [:]).filter { !present.contains($0.key) }
        for app in previous?.apps ?? [] where !present.contains(app.key) && removed[app.key] == nil {
            removed[app.key] = times.time(of: app.key, content: [])
        }
    }
}

extension AppPlugin {
    /// Reads an entry; nil if it can't be used.
    fileprivate init?(_ entry: inout ProvisioningEntry) {
        pluginID = entry.requiredText("type")
        orgName = entry.text("orgName")
        orgID = entry.organisation()
        isEnabled = !entry.bool("disabled")
        var settings = AppInstanceSettings()
        settings.jsonData = JSONValue.object(entry.object("jsonData")).bytes()
        settings.secureJSONData = entry.texts("secureJsonData")
        self.settings = settings
        entry.reportUnknown()
        guard entry.isUsable else { return nil }
    }
}
