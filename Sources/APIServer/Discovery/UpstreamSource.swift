import Bytes
import DataPlaneAPI
import HTTPKit
import Synchronization

/// The upstream's own discovery.
///
/// A server may be another one for each name that it is called by, and the caller says which: what was found under one name
/// is never shown under another.
package final class UpstreamSource: DiscoverySource {
    /// Asks the upstream; nil when there is no answer.
    package typealias Fetch =
        @Sendable (_ path: String, _ accept: String, _ headers: HeaderBlock) async -> FetchedDocument?

    /// So many names are remembered.
    private static let hostLimit = 16

    private let make: @Sendable () -> UpstreamView
    private let views = Mutex<[String: UpstreamView]>([:])

    /// A source.
    ///
    /// - Parameters:
    ///   - token: the bearer token that discovery is read with; nil where none is configured.
    ///   - host: the name that goes with it.
    ///   - patience: how long a request waits for what isn't there yet.
    ///   - fresh: how old what is shown may be without being made anew.
    ///   - fetch: sends a GET with the credential in some fields.
    package init(
        token: @escaping @Sendable () -> String? = { nil }, host: String = "localhost",
        patience: Duration = .milliseconds(500), fresh: Duration = .seconds(5), fetch: @escaping Fetch
    ) {
        make = { UpstreamView(token: token, host: host, patience: patience, fresh: fresh, fetch: fetch) }
    }

    private func view(_ caller: DiscoveryCaller) -> UpstreamView {
        let host = caller.headers.firstValue(.host) ?? ""
        return views.withLock { views in
            if let known = views[host] { return known }
            if views.count >= Self.hostLimit { views = [:] }
            let made = make()
            views[host] = made
            return made
        }
    }

    /// The groups that the upstream has, for whom it knows.
    package func groups(for caller: DiscoveryCaller) async -> [DiscoveryGroup] {
        await view(caller).groups(for: caller)
    }

    /// The list of its documents, for whom it knows.
    package func documents(for caller: DiscoveryCaller) async -> JSONObject {
        guard let list = await view(caller).document("/openapi/v3", for: caller),
            let json = try? JSONValue.parse(list.body)
        else { return [:] }
        return json["paths"]?.asObject ?? [:]
    }

    /// One of them.
    package func document(_ group: String, _ version: String, for caller: DiscoveryCaller) async -> OpenAPIDocument? {
        await view(caller).document("/openapi/v3/apis/\(group)/\(version)", for: caller).map { .fetched($0) }
    }
}
