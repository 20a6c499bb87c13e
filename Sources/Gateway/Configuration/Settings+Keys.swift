import DataPlaneAPI
import HTTPKit

extension Settings {
    /// Names of all settings, in the order of the documentation.
    package static let keys = [
        "bind-address", "http-port", "admin-address", "data-dir", "runtime-dir", "plugins-dir", "provisioning",
        "datasources", "grafana-config", "manifests", "upstream", "log-level", "log-format",
        "upstream-connect-timeout", "upstream-response-timeout", "plugin-call-timeout", "plugin-start-timeout",
        "plugin-request-limit", "plugin-memory-limit", "api-request-limit", "frame-format", "shutdown-timeout",
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
            throw GatewayError(
                .badRequest, "\(origin): unknown setting \"\(key)\"; known are \(Self.keys.joined(separator: ", "))")
        }
        if key == "plugins-dir" {
            pluginsDirs = values
            return
        }
        guard values.count == 1, let value = values.first else {
            throw GatewayError(.badRequest, "\(origin): \(key) takes one value")
        }
        let reader = SettingReader(key: key, value: value, origin: origin)
        switch key {
        case "bind-address": bindAddress = try reader.text()
        case "http-port":
            // 0 on the command line means off (kube-style); "any" asks for a free port.
            httpPort = value == "any" ? 0 : try reader.number(0...65535)
            if value != "any", httpPort == 0 { httpPort = nil }
        case "admin-address": adminAddress = try reader.address()
        case "data-dir": dataDir = try reader.text()
        case "runtime-dir": runtimeDir = value
        case "provisioning": provisioning = value
        case "datasources": datasources = value
        case "grafana-config": grafanaConfig = value
        case "manifests": manifests = value
        case "upstream":
            upstream = value.isEmpty ? nil : try UpstreamEndpoint(url: value, setting: "\(origin): upstream")
        case "log-level": logLevel = try reader.choice(["trace", "debug", "info", "warn", "error"])
        case "log-format": logFormat = try reader.choice(["text", "json"])
        case "upstream-connect-timeout": upstreamConnectTimeoutMS = try reader.number(1...600_000)
        case "upstream-response-timeout": upstreamResponseTimeout = try reader.number(0...86_400)
        case "plugin-call-timeout": pluginCallTimeout = try reader.number(1...86_400)
        case "plugin-start-timeout": pluginStartTimeout = try reader.number(1...3_600)
        case "plugin-request-limit": pluginRequestLimit = try reader.number(1024...Int(Int32.max))
        case "plugin-memory-limit": pluginMemoryLimit = try reader.number(1_048_576...(1 << 40))
        case "api-request-limit": apiRequestLimit = try reader.number(1024...Int(Int32.max))
        case "frame-format": frameFormat = try reader.choice(["json", "arrow"])
        case "shutdown-timeout": shutdownTimeout = try reader.number(0...3_600)
        default: break
        }
    }
}

/// Reads one setting's value and says what is wrong with it.
private struct SettingReader {
    let key: String
    let value: String
    let origin: String

    func fault(_ why: String) -> GatewayError {
        GatewayError(.badRequest, "\(origin): \(key): \(why) (got \"\(value)\")")
    }

    func text() throws(GatewayError) -> String {
        guard !value.isEmpty else { throw fault("must not be empty") }
        return value
    }

    func number(_ range: ClosedRange<Int>) throws(GatewayError) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw fault("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func choice(_ allowed: [String]) throws(GatewayError) -> String {
        guard allowed.contains(value) else { throw fault("must be one of \(allowed.joined(separator: ", "))") }
        return value
    }

    func address() throws(GatewayError) -> ListenAddress {
        guard let colon = value.lastIndex(of: ":"), let port = Int(value[value.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw fault("must be HOST:PORT, port 0 for any free one") }
        var host = String(value[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { throw fault("must be HOST:PORT, port 0 for any free one") }
        return ListenAddress(host: host, port: port)
    }
}
