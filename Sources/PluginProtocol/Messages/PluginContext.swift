internal import CGRPC
import RPC

/// Who asks, and with which settings: goes with every request to a plugin.
public struct PluginContext: Sendable, Equatable {
    /// The organisation's number; 1 unless the host has several.
    public var orgID: Int64 = 1
    /// The plugin's id, as in its plugin.json.
    public var pluginID = ""
    /// The user; nil when the host itself asks.
    public var user: PluginUser?
    /// The settings of an app plugin.
    public var appSettings: AppInstanceSettings?
    /// The settings of the data source.
    public var dataSourceSettings: DataSourceInstanceSettings?
    /// The host's configuration; plugins rebuild their instances whenever an entry changes.
    public var grafanaConfig: [String: String] = [:]
    /// The version from plugin.json.
    public var pluginVersion = ""
    /// Of the form `Grafana/11.0.0 (linux; amd64)`; plugins may crash on another form.
    public var userAgent = ""
    /// The API version of the request.
    public var apiVersion = ""
    /// The namespace, `default` for the first organisation.
    public var namespace = ""

    /// A context to fill in.
    public init() {}
}

/// The user of a request.
public struct PluginUser: Sendable, Equatable {
    /// The login name.
    public var login: String
    /// The display name.
    public var name: String
    /// The mail address.
    public var email: String
    /// `Viewer`, `Editor`, `Admin` or `None`.
    public var role: String

    /// A user.
    public init(login: String, name: String = "", email: String = "", role: String = "") {
        self.login = login
        self.name = name
        self.email = email
        self.role = role
    }
}

/// The settings of an app plugin.
public struct AppInstanceSettings: Sendable, Equatable {
    /// The plugin's own settings, a JSON object.
    public var jsonData: [UInt8] = Array("{}".utf8)
    /// The secrets.
    public var secureJSONData: [String: String] = [:]
    /// When the settings changed last, in milliseconds since 1970.
    public var updatedMS: Int64 = 0
    /// The API version at the time of saving.
    public var apiVersion = ""

    /// Settings to fill in.
    public init() {}
}

/// The settings of a data source.
public struct DataSourceInstanceSettings: Sendable, Equatable {
    /// The number by which plugins tell instances apart: stable, unique, not zero.
    public var id: Int64 = 0
    /// The unique name within the namespace.
    public var uid = ""
    /// The display name.
    public var name = ""
    /// Where the data source is.
    public var url = ""
    /// The user for the data base.
    public var user = ""
    /// The data base's name.
    public var database = ""
    /// Whether requests carry basic authentication.
    public var basicAuthEnabled = false
    /// The user of basic authentication.
    public var basicAuthUser = ""
    /// The plugin's own settings, a JSON object.
    public var jsonData: [UInt8] = Array("{}".utf8)
    /// The secrets.
    public var secureJSONData: [String: String] = [:]
    /// When the settings changed last, in milliseconds since 1970.
    public var updatedMS: Int64 = 0
    /// The API version at the time of saving.
    public var apiVersion = ""

    /// Settings to fill in.
    public init() {}
}

extension PluginContext {
    /// The context on the wire; keep the bytes and splice them into requests, equal contexts give equal bytes.
    package func encoded() -> ContextBytes {
        let bytes = WireWriter.encode { context in
            context.int(1, orgID)
            context.string(2, pluginID)
            if let user { context.message(3) { user.write(&$0) } }
            if let appSettings { context.message(4) { appSettings.write(&$0) } }
            if let dataSourceSettings { context.message(5) { dataSourceSettings.write(&$0) } }
            context.map(6, grafanaConfig)
            context.string(7, pluginVersion)
            context.string(8, userAgent)
            context.string(9, apiVersion)
            context.string(10, namespace)
        }
        return ContextBytes(bytes)
    }

    init(_ message: UnsafeMutablePointer<Pluginv2__PluginContext>?) {
        self.init()
        guard let context = message?.pointee else { return }
        orgID = context.orgid
        pluginID = context.pluginid.text
        user = (context.user?.pointee).map { user in
            PluginUser(
                login: user.login.text, name: user.name.text, email: user.email.text, role: user.role.text)
        }
        appSettings = (context.appinstancesettings?.pointee).map(AppInstanceSettings.init)
        dataSourceSettings = (context.datasourceinstancesettings?.pointee).map(DataSourceInstanceSettings.init)
        grafanaConfig = map(context.grafanaconfig, context.n_grafanaconfig)
        pluginVersion = context.pluginversion.text
        userAgent = context.useragent.text
        apiVersion = context.apiversion.text
        namespace = context.namespace_.text
    }
}

extension PluginUser {
    /// The user as a field of an encoded context, to be put after the bytes of one without a user.
    package var contextField: [UInt8] { WireWriter.encode { $0.message(3) { write(&$0) } } }

    fileprivate func write(_ writer: inout WireWriter) {
        writer.string(1, login)
        writer.string(2, name)
        writer.string(3, email)
        writer.string(4, role)
    }
}

extension AppInstanceSettings {
    fileprivate func write(_ writer: inout WireWriter) {
        writer.bytes(3, jsonData)
        writer.map(4, secureJSONData)
        writer.int(5, updatedMS)
        writer.string(6, apiVersion)
    }

    fileprivate init(_ message: Pluginv2__AppInstanceSettings) {
        jsonData = message.jsondata.bytes
        secureJSONData = map(message.decryptedsecurejsondata, message.n_decryptedsecurejsondata)
        updatedMS = message.lastupdatedms
        apiVersion = message.apiversion.text
    }
}

extension DataSourceInstanceSettings {
    fileprivate func write(_ writer: inout WireWriter) {
        writer.int(1, id)
        writer.string(2, name)
        writer.string(3, url)
        writer.string(4, user)
        writer.string(5, database)
        writer.bool(6, basicAuthEnabled)
        writer.string(7, basicAuthUser)
        writer.bytes(8, jsonData)
        writer.map(9, secureJSONData)
        writer.int(10, updatedMS)
        writer.string(11, uid)
        writer.string(12, apiVersion)
    }

    fileprivate init(_ message: Pluginv2__DataSourceInstanceSettings) {
        id = message.id
        name = message.name.text
        url = message.url.text
        user = message.user.text
        database = message.database.text
        basicAuthEnabled = message.basicauthenabled != 0
        basicAuthUser = message.basicauthuser.text
        jsonData = message.jsondata.bytes
        secureJSONData = map(message.decryptedsecurejsondata, message.n_decryptedsecurejsondata)
        updatedMS = message.lastupdatedms
        uid = message.uid.text
        apiVersion = message.apiversion.text
    }
}
