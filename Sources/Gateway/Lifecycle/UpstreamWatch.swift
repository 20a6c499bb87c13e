import HTTPKit
import Logging
import NIOCore
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

    private let pool: NIOLoopBound<UpstreamPool>
    private let loop: any EventLoop
    private let endpoint: UpstreamEndpoint
    private let last = Mutex<Look?>(nil)
    private let logger = Logger(label: "upstream")

    private init(_ endpoint: UpstreamEndpoint, _ pool: NIOLoopBound<UpstreamPool>, _ loop: any EventLoop) {
        (self.endpoint, self.pool, self.loop) = (endpoint, pool, loop)
    }

    /// A watch that has not looked yet.
    ///
    /// - Parameter dialer: one for probes.
    static func make(
        _ endpoint: UpstreamEndpoint, connectMS: Int, dialer: Dialer, on loop: any EventLoop
    ) async throws -> UpstreamWatch {
        let pool = try await loop.submit {
            var timeouts = UpstreamTimeouts()
            timeouts.connectMS = min(connectMS, patience)
            return NIOLoopBound(
                UpstreamPool(
                    endpoint: endpoint, loop: loop, timeouts: timeouts, transport: UpstreamTransport(dialer: dialer)),
                eventLoop: loop)
        }.get()
        return UpstreamWatch(endpoint, pool, loop)
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
                "the upstream can't be reached", metadata: ["upstream": "\(endpoint.text)", "error": "\(why)"])
        } else if why == nil, before?.why != nil {
            logger.info("the upstream can be reached again", metadata: ["upstream": "\(endpoint.text)"])
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
