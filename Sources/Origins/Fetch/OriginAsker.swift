import DataPlaneAPI
import HTTPKit
import NIOCore

/// Fetches from one origin from structured concurrency; has a pool of its own on one loop.
package final class OriginAsker: Sendable {
    /// The origin.
    package let origin: Origin
    private let loop: any EventLoop
    private let pool: NIOLoopBound<OriginPool>

    /// An asker of an origin.
    ///
    /// - Parameter makePool: called on the loop.
    package static func make(
        on loop: any EventLoop, _ makePool: @escaping @Sendable () -> OriginPool
    ) async throws -> OriginAsker {
        let (origin, pool) = try await loop.submit {
            let pool = makePool()
            return (pool.origin, NIOLoopBound(pool, eventLoop: loop))
        }.get()
        return OriginAsker(origin, loop, pool)
    }

    private init(_ origin: Origin, _ loop: any EventLoop, _ pool: NIOLoopBound<OriginPool>) {
        self.origin = origin
        self.loop = loop
        self.pool = pool
    }

    /// The answer to a request; errors as `OriginFetch.send` has them.
    package func fetch(_ fetch: OriginFetch) async throws(GatewayError) -> OriginFetch.Answer {
        let result: Result<OriginFetch.Answer, GatewayError> = await withCheckedContinuation { continuation in
            loop.execute {
                fetch.send(through: self.pool.value) { continuation.resume(returning: $0) }
            }
        }
        return try result.get()
    }

    /// The answer to a GET of the origin's own API with a caller's credentials; nil when there is none within the time.
    ///
    /// - Parameters:
    ///   - path: path and query below the origin's base path.
    ///   - accept: the `Accept` field.
    ///   - headers: a request's, whose `Authorization`, `Cookie` and `Host` fields go along.
    ///   - milliseconds: the time.
    package func get(
        _ path: String, accept: String, headers: HeaderBlock, milliseconds: Int
    ) async -> OriginFetch.Answer? {
        var fields = headers.filter { [.host, .authorization, .cookie].contains($0.known) }
        fields.add("Accept", accept)
        return try? await fetch(
            OriginFetch(
                name: "the upstream", target: origin.target(path), fields: fields, milliseconds: milliseconds,
                limit: 8 * 1024 * 1024))
    }
}
