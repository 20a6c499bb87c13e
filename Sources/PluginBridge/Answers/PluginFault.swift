import DataPlaneAPI
import PluginProtocol
import RPC

/// Turns a failed plugin call into the gateway's error: 502, 503 or 504 by cause, or what the plugin chose.
package enum PluginFault {
    /// Where the timeout of a call comes from unless somebody else sets it.
    package static let callTimeout = "setting plugin-call-timeout"
    /// The most bytes of a plugin's error text that are passed on; whole SQL texts are normal in them.
    package static let textLimit = 512 * 1024
    /// What a plugin built on Grafana's Go SDK says of a call that only a data source could answer.
    private static let noDataSource = "data source instance settings cannot be nil"

    /// The error for the client.
    ///
    /// - Parameters:
    ///   - error: how the call ended.
    ///   - pluginID: the plugin that was called.
    ///   - timeout: the time the call had, seconds.
    ///   - timeoutSetting: where that comes from.
    package static func error(
        _ error: GRPCError, pluginID: String, timeout: Int, timeoutSetting: String = callTimeout
    ) -> GatewayError {
        let text = shortened(error.message)
        // For logs, whose lines are short.
        let cause = "\(error.code.name): \(String(decoding: error.message.utf8.prefix(512), as: UTF8.self))"
        func fault(_ code: ErrorCode, _ message: String, retryAfter: Int? = nil) -> GatewayError {
            GatewayError(
                code, message, source: .plugin, cause: cause, retryAfterSeconds: retryAfter,
                causes: error.errorSource == .downstream ? [.downstream] : [])
        }
        switch error.code {
        case .deadlineExceeded:
            return fault(
                .gatewayTimeout, "plugin \(pluginID) did not answer within \(timeout) s (\(timeoutSetting))")
        case .unavailable:
            return fault(
                .serviceUnavailable, "plugin \(pluginID) went away during the call; it is being started again: \(text)",
                retryAfter: 1)
        case .unimplemented:
            return fault(.notImplemented, "plugin \(pluginID) does not implement this service")
        case .cancelled:
            return fault(.badGateway, "the call of plugin \(pluginID) was cancelled: \(text)")
        case .resourceExhausted:
            return fault(.badGateway, "plugin \(pluginID) ran into a limit: \(text)")
        case .memoryFull:
            return GatewayError(.serviceUnavailable, text, source: .gateway, retryAfterSeconds: 1)
        case .messageTooLarge: return fault(.badGateway, text)
        case .invalidArgument: return fault(.badRequest, text)
        case .notFound: return fault(.notFound, text)
        case .permissionDenied: return fault(.forbidden, text)
        case .unauthenticated: return fault(.unauthorized, text)
        default:
            return fault(.badGateway, text.isEmpty ? "plugin \(pluginID) failed without saying why" : text)
        }
    }

    /// A plugin's text, cut at the limit and then said to be.
    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > textLimit else { return text }
        let kept = String(decoding: text.utf8.prefix(textLimit), as: UTF8.self)
        return "\(kept)… (cut: the plugin's text has \(text.utf8.count) bytes, \(textLimit) are passed on)"
    }

    /// The error for the client of a call of one method; an instance that doesn't implement it keeps that in mind, so
    /// that the conditions of the services that need it can say so.
    package static func error(
        _ error: GRPCError, of method: PluginMethod, instance: PluginInstance, timeout: Int,
        timeoutSetting: String = callTimeout
    ) -> GatewayError {
        if error.message.contains(noDataSource) {
            instance.noteNeedOfDataSource()
            return GatewayError(
                .notFound,
                "plugin \(instance.pluginID) answers only for a data source, and none can be chosen: provision one of its "
                    + "type, or make one of several the default of the organisation (isDefault)", source: .plugin)
        }
        guard error.code == .unimplemented else {
            return self.error(
                error, pluginID: instance.pluginID, timeout: timeout, timeoutSetting: timeoutSetting)
        }
        instance.note(missing: method)
        return notImplemented(method, instance.pluginID)
    }

    /// The 502 for an answer that isn't what it should be.
    static func unreadable(_ why: String, _ pluginID: String) -> GatewayError {
        GatewayError(.badGateway, "plugin \(pluginID) sent an answer that can't be read: \(why)", source: .plugin)
    }

    /// The refusal of work that comes while the gateway ends.
    static var stopping: GatewayError {
        GatewayError(.serviceUnavailable, "the gateway is stopping", source: .gateway, retryAfterSeconds: 1)
    }

    /// The 501 for a method that a plugin doesn't implement.
    package static func notImplemented(_ method: PluginMethod, _ pluginID: String) -> GatewayError {
        GatewayError(
            .notImplemented,
            "plugin \(pluginID) does not implement \(method.service); where a DataPlaneService names that service, take it out "
                + "or name a plugin that has it",
            source: .plugin)
    }
}

extension PluginMethod {
    /// The method without its package, `Data/QueryData`.
    var service: String { String(path.split(separator: ".").last ?? "") }
}

extension StatusCause {
    /// The plugin says that the error comes from what it called.
    static let downstream = StatusCause(field: "errorSource", reason: "DownstreamError", message: "downstream")
}
