import Bytes
import PluginBridge
import PluginProtocol

/// A configured data source.
package final class DataSource: Sendable {
    /// How browsers reach it.
    package enum Access: String, Sendable {
        /// Through the server.
        case proxy
        /// Directly; the server's own calls are the same.
        case direct
    }

    /// The organisation it belongs to.
    package let orgID: Int
    /// Its unique name within the organisation.
    package let uid: String
    /// The plugin id, or one of its aliases, as configured.
    package let type: String
    /// What its plugin receives; holds secrets.
    package let settings: DataSourceInstanceSettings
    /// How browsers reach it.
    package let access: Access
    /// Whether it is the default of its organisation.
    package let isDefault: Bool
    /// Whether browsers send credentials with direct calls.
    package let withCredentials: Bool
    /// Whether users may change it in Grafana.
    package let isEditable: Bool
    /// The version number in the file; it has no effect here, where the files are the whole truth.
    package let version: Int
    /// Links to other data sources, as written.
    package let correlations: [JSONValue]
    /// The name that Grafana shows.
    package var displayName: String { settings.name }
    /// Whether the uid was made from the name because the file gives none.
    package let uidGenerated: Bool
    /// The provisioning file it stands in; empty for none.
    package let file: String
    /// Which credentials of clients its plugin gets.
    let forwarding: HeaderForwarding
    /// Equal for equal content, secrets included; tells nothing about them.
    let revision: [UInt8]

    /// A data source.
    package init(
        orgID: Int, uid: String, type: String, settings: DataSourceInstanceSettings, access: Access = .proxy,
        isDefault: Bool = false, withCredentials: Bool = false, isEditable: Bool = false, version: Int = 0,
        correlations: [JSONValue] = [], uidGenerated: Bool = false, file: String = ""
    ) {
        self.orgID = orgID
        self.uid = uid
        self.type = type
        self.settings = settings
        self.access = access
        self.isDefault = isDefault
        self.withCredentials = withCredentials
        self.isEditable = isEditable
        self.version = version
        self.correlations = correlations
        self.uidGenerated = uidGenerated
        self.file = file
        forwarding = HeaderForwarding(settings)
        var content = ContentHash()
        content.add(orgID)
        content.add(type)
        content.add(settings)
        content.add(access.rawValue)
        for flag in [isDefault, withCredentials, isEditable] { content.add(flag ? 1 : 0) }
        content.add(version)
        content.add(JSONValue.array(correlations).bytes())
        revision = content.value
    }
}

extension HeaderForwarding {
    /// What a data source's jsonData says of it; nothing passes where it says nothing.
    init(_ settings: DataSourceInstanceSettings) {
        self.init()
        guard let json = try? JSONValue.parse(settings.jsonData) else { return }
        keepCookies = (json["keepCookies"]?.asArray ?? []).compactMap(\.asString)
        passesAuthorization = json["oauthPassThru"]?.asBool == true
    }
}
