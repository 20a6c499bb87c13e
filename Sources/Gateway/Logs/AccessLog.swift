import Access
import DataPlaneAPI
import HTTPKit
import Logging
import NIOCore

/// Logs finished exchanges: failures of ours at warn, refused users at info, everything else at debug.
final class AccessLog: Sendable {
    private let logger = Logger(label: "access")

    /// Logs an exchange; `refusals` counts what was refused on its loop, so that nobody floods the log.
    func write(_ exchange: Exchange, nanoseconds: Int64, refusals: inout RefusalBudget) {
        let level = level(exchange)
        if level == .info {
            guard refusals.allows(NIODeadline.now()) else { return }
            if let left = refusals.takeLeftOut() { logger.info("\(left) more refusals were left out") }
        }
        guard level >= logger.logLevel else { return }
        var fields: Logger.Metadata = [
            "method": "\(exchange.request.methodText)", "path": "\(Self.shortened(exchange.request.sentPath))",
            "status": .stringConvertible(exchange.status), "handler": "\(exchange.handledBy.rawValue)",
            "bytes": .stringConvertible(exchange.bytesSent), "ms": .stringConvertible(nanoseconds / 1_000_000),
            "peer": "\(exchange.peer.address)",
        ]
        if let state = exchange.access as? AccessState {
            if let user = state.user { fields["user"] = "\(user.name)" }
            if let asker = state.impersonator { fields["impersonator"] = "\(asker.name)" }
        }
        if !exchange.objectName.isEmpty { fields["object"] = "\(exchange.objectName)" }
        if let error = exchange.error {
            fields["error"] = "\(Self.shortened(error.message))"
            fields["source"] = "\(error.source.rawValue)"
            if let cause = error.cause { fields["cause"] = "\(cause)" }
        }
        logger.log(level: level, "request", metadata: fields)
    }

    func handshakeFailed(_ peer: Peer, _ why: String) {
        logger.debug("TLS handshake failed", metadata: ["peer": "\(peer.address)", "error": "\(why)"])
    }

    /// A head may be long; a line of the log is not.
    private static func shortened(_ text: String) -> String {
        text.utf8.count <= 512 ? text : "\(String(decoding: text.utf8.prefix(512), as: UTF8.self))…"
    }

    private func level(_ exchange: Exchange) -> Logger.Level {
        if exchange.status >= 500 || exchange.status == 0 && exchange.error?.source != .client { return .warning }
        // Who is refused here, and why, is what operators look for first; what the upstream refuses is its own to log.
        if exchange.status == 401 || exchange.status == 403, exchange.error != nil { return .info }
        return .debug
    }
}

/// Lets so many refusals of one event loop be logged per second.
struct RefusalBudget {
    private static let perSecond = 50

    private var second: UInt64 = 0
    private var count = 0
    private var leftOut = 0

    mutating func allows(_ now: NIODeadline) -> Bool {
        let second = now.uptimeNanoseconds / 1_000_000_000
        if second != self.second {
            self.second = second
            count = 0
        }
        count += 1
        if count > Self.perSecond { leftOut += 1 }
        return count <= Self.perSecond
    }

    /// How many were left out since the last time, if any.
    mutating func takeLeftOut() -> Int? {
        defer { leftOut = 0 }
        return leftOut > 0 ? leftOut : nil
    }
}
