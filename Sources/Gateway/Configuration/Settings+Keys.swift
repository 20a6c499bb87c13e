import Access
import DataPlaneAPI
import HTTPKit
import Origins
import PluginBridge

extension Settings {
    /// Names of all settings, in the order of the documentation.
    package static let keys = [
        "bind-address", "http-port", "secure-port", "tls-cert-file", "tls-private-key-file", "client-ca-file",
        "token-auth-file", "requestheader-client-ca-file", "requestheader-allowed-names",
        "requestheader-username-headers", "requestheader-uid-headers", "requestheader-group-headers",
        "requestheader-extra-headers-prefix", "anonymous-auth", "admin-address", "data-dir", "runtime-dir",
        "plugins-dir", "provisioning",
        "datasources", "grafana-config", "manifests", "upstream", "upstream-ca-file",
        "upstream-server-name", "upstream-client-cert-file", "upstream-client-key-file", "upstream-token-file",
        "upstream-required",
        "log-level", "log-format",
        "request-head-limit", "request-target-limit", "request-fields-limit", "request-memory-limit",
        "connection-limit",
        "client-half-close-timeout",
        "upstream-connect-timeout", "upstream-response-timeout", "upstream-connection-limit",
        "backend-connection-limit", "connection-wait-timeout", "plugin-call-timeout", "plugin-start-timeout",
        "plugin-request-limit", "plugin-response-limit", "plugin-stream-idle-timeout", "plugin-metrics-limit",
        "stream-packet-limit",
        "stream-publish-limit", "stream-listeners-limit", "stream-limit", "stream-queue-messages",
        "stream-queue-bytes", "stream-drop-limit", "stream-stall-timeout", "stream-heartbeat",
        "stream-allowed-origins", "datasource-proxy-private", "backend-client-certificate", "plugin-memory-limit",
        "api-request-limit", "api-watch-limit", "api-list-limit",
        "frame-format", "shutdown-timeout",
    ]

    /// Sets one setting from text.
    ///
    /// - Parameters:
    ///   - key: the setting's name.
    ///   - values: one value, or several for a setting that may be repeated.
    ///   - origin: where the value was written, for errors: `--flag` or `file:line`.
    /// - Throws: `GatewayError` that names the key, the value and what is allowed.
    package mutating func set(_ key: String, _ values: [String], origin: String) throws(GatewayError) {
        guard Self.keys.contains(key) else {
            throw GatewayError(.badRequest, "\(origin): unknown setting \"\(key)\"; \(Similar.hint(key, Self.keys))")
        }
        origins[key] = origin
        let place = Self.place(key, origin)
        if try setList(key, values, origin) { return }
        guard values.count == 1, let value = values.first else {
            throw GatewayError(.badRequest, "\(place): takes one value, not \(values.count)")
        }
        let reader = SettingReader(key: key, value: value, origin: origin)
        switch key {
        case "bind-address": bindAddress = try reader.text()
        case "http-port": httpPort = try reader.port()
        case "secure-port": securePort = try reader.port()
        case "tls-cert-file": tlsCertFile = value
        case "tls-private-key-file": tlsPrivateKeyFile = value
        case "client-ca-file": clientCAFile = value
        case "token-auth-file": tokenAuthFile = value
        case "requestheader-client-ca-file": requestHeaderClientCAFile = value
        case "anonymous-auth": anonymousAuth = try reader.choice(["true", "false"]) == "true"
        case "admin-address": adminAddress = try reader.address()
        case "data-dir": dataDir = try reader.text()
        case "runtime-dir": runtimeDir = value
        case "provisioning": provisioning = value
        case "datasources": datasources = value
        case "grafana-config": grafanaConfig = value
        case "manifests": manifests = value
        case "upstream":
            upstream = value.isEmpty ? nil : try Origin(url: value, setting: place)
        case "upstream-ca-file": upstreamCAFile = value
        case "upstream-server-name": upstreamServerName = value
        case "upstream-client-cert-file": upstreamClientCertFile = value
        case "upstream-client-key-file": upstreamClientKeyFile = value
        case "log-level": logLevel = try reader.choice(["trace", "debug", "info", "warn", "error"])
        case "log-format": logFormat = try reader.choice(["text", "json"])
        case "upstream-required": upstreamRequired = try reader.choice(["true", "false"]) == "true"
        case "upstream-token-file": upstreamTokenFile = value
        case "request-head-limit": requestHeadLimit = try reader.number(4096...16_777_216)
        case "request-target-limit": requestTargetLimit = try reader.number(1024...16_777_216)
        case "request-fields-limit": requestFieldsLimit = try reader.number(16...100_000)
        case "request-memory-limit": requestMemoryLimit = try reader.number(1_048_576...(1 << 40))
        case "connection-limit": connectionLimit = try reader.number(1...10_000_000)
        case "client-half-close-timeout": clientHalfCloseTimeout = try reader.duration(0...3_600)
        case "upstream-connect-timeout": upstreamConnectTimeoutMS = try reader.duration(1...600_000, .milliseconds)
        case "upstream-connection-limit": upstreamConnectionLimit = try reader.number(1...1_000_000)
        case "backend-connection-limit": backendConnectionLimit = try reader.number(1...1_000_000)
        case "connection-wait-timeout": connectionWaitTimeoutMS = try reader.duration(1...600_000, .milliseconds)
        case "upstream-response-timeout": upstreamResponseTimeout = try reader.duration(0...86_400)
        case "plugin-call-timeout": pluginCallTimeout = try reader.duration(1...86_400)
        case "plugin-start-timeout": pluginStartTimeout = try reader.duration(1...3_600)
        case "plugin-request-limit": pluginRequestLimit = try reader.number(1024...Int(Int32.max))
        case "plugin-response-limit": pluginResponseLimit = try reader.optional(1...(1 << 40))
        case "plugin-stream-idle-timeout": pluginStreamIdleTimeout = try reader.optionalDuration(1...86_400)
        case "plugin-metrics-limit": pluginMetricsLimit = try reader.number(1024...(1 << 30))
        case "stream-packet-limit": streams.packetLimit = try reader.number(1024...(1 << 30))
        case "stream-publish-limit": streams.publishLimit = try reader.number(64...(1 << 30))
        case "stream-listeners-limit": streams.listenerLimit = try reader.number(1...1_000_000)
        case "stream-limit": streams.streamLimit = try reader.number(1...1_000_000)
        case "stream-queue-messages": streams.queueMessages = try reader.number(1...1_000_000)
        case "stream-queue-bytes": streams.queueBytes = try reader.number(1024...(1 << 30))
        case "stream-drop-limit": streams.dropLimit = try reader.number(1...1_000_000_000)
        case "stream-stall-timeout": streams.stallTimeout = try reader.duration(1...86_400)
        case "stream-heartbeat": streams.heartbeat = try reader.duration(1...3_600)
        case "plugin-memory-limit": pluginMemoryLimit = try reader.number(1_048_576...(1 << 40))
        case "api-request-limit": apiRequestLimit = try reader.number(1024...Int(Int32.max))
        case "api-watch-limit": apiWatchLimit = try reader.number(1...1_000_000)
        case "api-list-limit": apiListLimit = try reader.number(1...100_000)
        case "datasource-proxy-private": dataSourceProxyPrivate = try reader.choice(["true", "false"]) == "true"
        case "frame-format": frameFormat = try reader.choice(["json", "arrow"])
        case "shutdown-timeout": shutdownTimeout = try reader.duration(0...3_600)
        default: break
        }
    }
}

extension Settings {
    /// Sets a setting that holds a list.
    ///
    /// - Returns: whether it is one.
    private mutating func setList(_ key: String, _ values: [String], _ origin: String) throws(GatewayError) -> Bool {
        // Kubernetes' lists are separated by commas, or repeated.
        let parts = values.flatMap { $0.split(separator: ",") }.map { String($0) }.filter { !$0.isEmpty }
        switch key {
        case "plugins-dir": pluginsDirs = values
        case "backend-client-certificate":
            backendClientCertificates = try Self.certificates(key, values, origin)
        case "stream-allowed-origins":
            for part in parts where !PageOriginPolicy.isValid(part) {
                throw GatewayError(
                    .badRequest,
                    "\(Self.place(key, origin)): must be https://HOST[:PORT], https://*.DOMAIN or * (got \"\(part)\")")
            }
            streams.origins = PageOriginPolicy(allowing: parts)
        case "requestheader-allowed-names": requestHeaderAllowedNames = parts
        case "requestheader-username-headers": requestHeaderNames.user = try Self.names(key, parts, origin)
        case "requestheader-uid-headers": requestHeaderNames.uid = try Self.names(key, parts, origin)
        case "requestheader-group-headers": requestHeaderNames.group = try Self.names(key, parts, origin)
        case "requestheader-extra-headers-prefix":
            requestHeaderNames.extraPrefix = try Self.names(key, parts, origin, RequestHeaderNames.prefixFault)
        default: return false
        }
        return true
    }

    private static func certificates(
        _ key: String, _ values: [String], _ origin: String
    ) throws(GatewayError) -> [BackendCertificates.Files] {
        var all: [BackendCertificates.Files] = []
        for value in values {
            guard let files = BackendCertificates.Files(value) else {
                throw GatewayError(
                    .badRequest, "\(place(key, origin)): must be NAME=CERTIFICATE.pem,KEY.pem (got \"\(value)\")")
            }
            guard !all.contains(where: { $0.name == files.name }) else {
                throw GatewayError(.badRequest, "\(place(key, origin)): the name \"\(files.name)\" is there twice")
            }
            all.append(files)
        }
        return all
    }

    private static func names(
        _ key: String, _ names: [String], _ origin: String, _ check: (String) -> String? = RequestHeaderNames.fault
    ) throws(GatewayError) -> [String] {
        for name in names {
            if let fault = check(name) {
                throw GatewayError(.badRequest, "\(place(key, origin)): \(fault) (got \"\(name)\")")
            }
        }
        return names
    }
}
