import Bytes
import DataPlaneAPI
import HTTPKit
import PluginBridge

/// Reads Grafana's errors.
enum UpstreamFault {
    /// The most bytes of an error's, or a health's, body.
    static let limit = 4 * 1024 * 1024

    /// The error for an answer that isn't what was asked for.
    ///
    /// What Grafana says to its client is said to ours; what isn't its JSON (a page of another proxy) is not.
    static func error(_ head: ResponseHead, _ body: [UInt8], _ request: UpstreamBackend.Request) -> GatewayError {
        let json = (try? JSONValue.parse(body)) ?? .null
        if head.status == 404, let uid = request.uid {
            return .notFound("datasources", group: request.route.group, name: uid)
        }
        guard head.status >= 400 else {
            let what = head.status < 300 ? "an answer that is not Grafana's JSON" : "a redirect"
            return GatewayError(
                .badGateway, "the upstream sent \(what) (status \(head.status)); is --upstream a Grafana?",
                source: .upstream)
        }
        let reason = json["message"]?.asString ?? json["error"]?.asString ?? "no reason was given"
        // A plugin's words, mostly.
        let text = String(decoding: reason.utf8.prefix(PluginFault.textLimit), as: UTF8.self)
        let seconds = head.headers.firstValue(named: "retry-after").flatMap { Int($0) }
        return GatewayError(
            ErrorCode(httpStatus: head.status), "the upstream answered \(head.status): \(text)", source: .upstream,
            retryAfterSeconds: seconds.flatMap { (0...86_400).contains($0) ? $0 : nil })
    }
}
