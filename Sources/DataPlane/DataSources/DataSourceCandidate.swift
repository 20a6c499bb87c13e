import Bytes
import Crypto
import PluginProtocol

/// A data source as its entry describes it, before it is compared with the others.
struct DataSourceCandidate: Sendable {
    let orgID: Int
    let type: String
    let access: DataSource.Access
    var isDefault: Bool
    let withCredentials: Bool
    let isEditable: Bool
    let version: Int
    let correlations: [JSONValue]
    let settings: DataSourceInstanceSettings
    let uidGenerated: Bool
    /// The file it stands in.
    let file: String
    /// Where it stands, for messages: `file: line N: datasources[0]`.
    let place: String

    /// Reads an entry; nil if it can't be used.
    init?(_ entry: inout ProvisioningEntry, place: String) {
        var settings = DataSourceInstanceSettings()
        settings.name = entry.requiredText("name")
        type = entry.requiredText("type")
        settings.uid = entry.text("uid")
        uidGenerated = settings.uid.isEmpty
        if uidGenerated { settings.uid = Self.uid(ofName: settings.name) }
        settings.url = entry.text("url")
        settings.user = entry.text("user")
        settings.database = entry.text("database")
        settings.basicAuthEnabled = entry.bool("basicAuth")
        settings.basicAuthUser = entry.text("basicAuthUser")
        settings.jsonData = JSONValue.object(entry.object("jsonData")).bytes()
        settings.secureJSONData = entry.texts("secureJsonData")
        self.settings = settings
        withCredentials = entry.bool("withCredentials")
        isDefault = entry.bool("isDefault")
        isEditable = entry.bool("editable")
        version = entry.integer("version") ?? 0
        orgID = entry.organisation()
        correlations = entry.list("correlations")
        if correlations.contains(where: { $0.asObject == nil }) {
            entry.reject("correlations", "must be a list of mappings")
        }
        let access = entry.text("access")
        self.access = access == "direct" ? .direct : .proxy
        // Grafana goes on with proxy, and so must a file that works there.
        if !["", "proxy", "direct"].contains(access) {
            entry.warn("access", "is neither proxy nor direct; proxy counts")
        }
        for secret in ["password", "basicAuthPassword"] {
            entry.refuse(secret, "is not read here; put it below secureJsonData")
        }
        self.place = place
        file = entry.file
        entry.reportUnknown()
        guard entry.isUsable else { return nil }
    }

    /// The data source.
    ///
    /// - Parameters:
    ///   - id: the number by which plugins tell data sources apart.
    ///   - updatedMS: given the hash of its content.
    func dataSource(id: Int64, updatedMS: ([UInt8]) -> Int64) -> DataSource {
        var settings = settings
        settings.id = id
        settings.updatedMS = updatedMS(make(settings).revision)
        return make(settings)
    }

    private func make(_ settings: DataSourceInstanceSettings) -> DataSource {
        DataSource(
            orgID: orgID, uid: settings.uid, type: type, settings: settings, access: access, isDefault: isDefault,
            withCredentials: withCredentials, isEditable: isEditable, version: version, correlations: correlations,
            uidGenerated: uidGenerated, file: file)
    }

    /// The uid of a data source that has none: `P` and the first 16 hex digits of the hash of its name, as Grafana.
    static func uid(ofName name: String) -> String { "P" + SHA256.upperHex(name).prefix(16) }
}

extension ProvisioningEntry {
    /// The organisation of an entry; 0 and nothing mean the first, as in Grafana.
    mutating func organisation() -> Int {
        let orgID = integer("orgId") ?? 1
        if orgID < 0 { reject("orgId", "must be 1 or more") }
        return orgID == 0 ? 1 : orgID
    }
}
