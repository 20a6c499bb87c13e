import DataPlaneAPI
import HTTPKit
import Logging

/// Logs finished exchanges: failures of ours at warn, everything else at debug.
final class AccessLog: Sendable {
    private let logger = Logger(label: "access")

    func write(_ exchange: Exchange, nanoseconds: Int64) {
        let level: Logger.Level =
            exchange.status >= 500 || exchange.status == 0 && exchange.error?.source != .client
            ? .warning : .debug
        guard level >= logger.logLevel else { return }
        var fields: Logger.Metadata = [
            "method": "\(exchange.request.methodText)", "path": "\(exchange.request.path)",
            "status": "\(exchange.status)", "handler": "\(exchange.handledBy.rawValue)",
            "bytes": "\(exchange.bytesSent)", "ms": "\(nanoseconds / 1_000_000)", "peer": "\(exchange.peer.address)",
        ]
        if !exchange.objectName.isEmpty { fields["object"] = "\(exchange.objectName)" }
        if let error = exchange.error {
            fields["error"] = "\(error.message)"
            fields["source"] = "\(error.source.rawValue)"
            if let cause = error.cause { fields["cause"] = "\(cause)" }
        }
        logger.log(level: level, "request", metadata: fields)
    }
}
