import DataPlaneAPI
import HTTPKit

/// What every request has to pass that goes on to a server which a data source or an object names.
package enum ForwardingChecks {
    private static let origins = PageOriginPolicy()

    /// Refuses methods that mean the proxy itself, and sockets that another page opens.
    ///
    /// - Throws: 405, 403.
    package static func check(_ exchange: Exchange) throws(GatewayError) {
        let request = exchange.request
        if request.method == .connect || request.method == .trace {
            throw .methodNotAllowed(
                request.methodText, allow: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        }
        if request.wantsUpgrade, !origins.allows(request, isTLS: exchange.peer.isTLS) {
            throw GatewayError(.forbidden, "this page may not open sockets here: its Origin is not the gateway's own")
        }
    }
}
