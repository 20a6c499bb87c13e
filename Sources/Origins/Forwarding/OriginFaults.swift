import DataPlaneAPI

/// How the errors of an origin are told.
package struct OriginFaults: Sendable {
    /// Whether a 401 becomes a 400: it is about the origin's credential, not about the client's.
    package var hidesUnauthorized = false
    /// Whether an answer that redirects is refused: a client would carry its credentials to wherever that leads.
    package var refusesRedirects = false
    /// Whether the origin's address is for the log alone.
    package var hidesAddress = true
    /// Whether a browser gets a page that loads itself again while the origin is away.
    package var hasWaitingPage = false
    /// What is answered when the origin can't be reached.
    package var unreachable = ErrorCode.badGateway
    /// Whose fault its failures are.
    package var source = GatewayError.Source.upstream
    /// What the time-out for an answer's head is set with, for messages.
    package var timeoutSetting: String
    /// What the limit of an answer's body is set with, for messages.
    package var responseSetting = "limits.maxResponseBytes"

    /// Those of the upstream.
    package static let upstream = OriginFaults(
        hidesAddress: false, hasWaitingPage: true, timeoutSetting: "setting upstream-response-timeout")

    /// Those of a data source, by Grafana's rules.
    package static func dataSource(timeoutSetting: String, responseSetting: String) -> OriginFaults {
        OriginFaults(hidesUnauthorized: true, timeoutSetting: timeoutSetting, responseSetting: responseSetting)
    }

    /// Those of a backend of an object, by kube-aggregator's rules.
    package static let backend = OriginFaults(
        refusesRedirects: true, unreachable: .serviceUnavailable, source: .backend,
        timeoutSetting: "limits.timeoutSeconds of the DataPlaneService")
}
