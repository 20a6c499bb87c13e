import HTTPKit
import Logging
import NIOCore
import Origins
import Synchronization

/// Looks every few seconds whether the upstream takes connections, for `/readyz`, metrics and the log.
final class UpstreamWatch: Sendable {
    /// For a connection, milliseconds: a readiness probe doesn't wait for long.
    private static let patience = 1_000
    /// So long a look counts.
    private static let freshness = Duration.seconds(2)

    private struct Look {
        var at: ContinuousClock.Instant
        var why: String?
    }

    private let pool: NIOLoopBound<OriginPool>
    private let loop: any EventLoop
    private let origin: Origin
    private let last = Mutex<Look?>(nil)
    private let logger = Logger(label: "upstream")

    private init(_ origin: Origin, _ pool: NIOLoopBound<OriginPool>, _ loop: any EventLoop) {
        (self.origin, self.pool, self.loop) = (origin, pool, loop)
    }

    /// A watch that has not looked yet.
    ///
    /// - Parameter dialer: one for probes.
    static func make(
        _ upstream: UpstreamTLS, connectMS: Int, dialer: Dialer, on loop: any EventLoop
    ) async throws -> UpstreamWatch {
        let pool = try await loop.submit {
            var timeouts = OriginTimeouts()
            timeouts.connectMS = min(connectMS, patience)
            return NIOLoopBound(upstream.pool(on: loop, timeouts: timeouts, dialer: dialer), eventLoop: loop)
        }.get()
        return UpstreamWatch(upstream.origin, pool, loop)
    }

    /// Whether the last look found it; nil before the first.
    var isUp: Bool? { last.withLock { $0.map { $0.why == nil } } }

    /// Why it can't be reached; nil when it can.
    ///
    /// Looks anew unless that was done a moment ago.
    func failure() async -> String? {
        if let known = last.withLock({ $0 }), ContinuousClock.now - known.at < Self.freshness { return known.why }
        return await look()
    }

    private func look() async -> String? {
        let why = await withCheckedContinuation { continuation in
            loop.execute { self.pool.value.check { continuation.resume(returning: $0) } }
        }
        let before = last.withLock { last in
            defer { last = Look(at: .now, why: why) }
            return last
        }
        if let why, before == nil || before?.why == nil {
            logger.warning(
                "the upstream can't be reached", metadata: ["upstream": "\(origin.text)", "error": "\(why)"])
        } else if why == nil, before?.why != nil {
            logger.info("the upstream can be reached again", metadata: ["upstream": "\(origin.text)"])
        }
        return why
    }

    /// Looks now and then until the task is cancelled.
    func run(every interval: Duration = .seconds(5)) async {
        while !Task.isCancelled {
            _ = await look()
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }
}
