import HTTPKit
import Origins

/// How the process finds other servers: requests and probes have look-ups of their own, and share TLS contexts.
struct Dialing: Sendable {
    /// For requests.
    let requests: Dialer
    /// For looks at servers that may not be there.
    let probes: Dialer

    init() {
        let work = SideWork()
        requests = Dialer(names: NameService(), contexts: TLSContexts(work), work: work)
        probes = requests.forProbes(NameService())
    }

    /// Lets nobody be told of look-ups that still run; their threads end with the process.
    func stopNames() {
        requests.names.stop()
        probes.names.stop()
    }
}
