import Access
import DataPlaneAPI
import HTTPKit
import Logging

/// Logs finished exchanges: failures of ours at warn, refused users at info, everything else at debug.
final class AccessLog: Sendable {
    private let logger = Logger(label: "access")

    func write(_ exchange: Exchange, nanoseconds: Int64) {
        let level = level(exchange)
        guard level >= logger.logLevel else { return }
        var fields: Logger.Metadata = [
            "method": "\(exchange.request.methodText)", "path": "\(exchange.request.path)",
            "status": "\(exchange.status)", "handler": "\(exchange.handledBy.rawValue)",
            "bytes": "\(exchange.bytesSent)", "ms": "\(nanoseconds / 1_000_000)", "peer": "\(exchange.peer.address)",
        ]
        if let state = exchange.access as? AccessState {
            if let user = state.user { fields["user"] = "\(user.name)" }
            if let asker = state.impersonator { fields["impersonator"] = "\(asker.name)" }
        }
        if !exchange.objectName.isEmpty { fields["object"] = "\(exchange.objectName)" }
        if let error = exchange.error {
            fields["error"] = "\(error.message)"
            fields["source"] = "\(error.source.rawValue)"
            if let cause = error.cause { fields["cause"] = "\(cause)" }
        }
        logger.log(level: level, "request", metadata: fields)
    }

    func handshakeFailed(_ peer: Peer, _ why: String) {
        logger.debug("TLS handshake failed", metadata: ["peer": "\(peer.address)", "error": "\(why)"])
    }

    private func level(_ exchange: Exchange) -> Logger.Level {
        if exchange.status >= 500 || exchange.status == 0 && exchange.error?.source != .client { return .warning }
        // Who is refused here, and why, is what operators look for first; what the upstream refuses is its own to log.
        if exchange.status == 401 || exchange.status == 403, exchange.error != nil { return .info }
        return .debug
    }
}
