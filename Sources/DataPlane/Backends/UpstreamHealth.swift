import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins
import PluginBridge
import PluginProtocol

/// Grafana's answer about the health of a data source or an app, as the health bridge answers.
struct UpstreamHealth {
    private let exchange: Exchange
    private let request: UpstreamBackend.Request
    private let side: SideWork

    init(_ exchange: Exchange, _ request: UpstreamBackend.Request, _ side: SideWork) {
        self.exchange = exchange
        self.request = request
        self.side = side
    }

    /// What becomes of Grafana's answer.
    func answer(_ head: ResponseHead) -> OutgoingRequest.Answer {
        let (exchange, request, side) = (exchange, request, side)
        return .gathered(limit: UpstreamFault.limit) { body in
            exchange.work(on: body.readableBytes, "the upstream's answer", by: side) { () throws(GatewayError) in
                let bytes = Array(body.readableBytesView)
                guard let health = Self.read(bytes) else { throw UpstreamFault.error(head, bytes, request) }
                let body = try HealthBridge.body(
                    health, "\(request.route.group)/\(request.route.version)", request.route.pluginID)
                return (status: health.status == .ok ? 200 : 400, body: body)
            } _: { result in
                switch result {
                case .success(let (status, body)):
                    exchange.respond(status, contentType: "application/json", body: body)
                case .failure(let error): exchange.respond(error)
                }
            }
        }
    }

    /// A health; nil for an error of Grafana's own, which has no status in words.
    static func read(_ bytes: [UInt8]) -> HealthResult? {
        guard let json = try? JSONValue.parse(bytes), let word = json["status"]?.asString else { return nil }
        let status: HealthResult.Status? =
            switch word {
            case "OK": .ok
            case "ERROR": .error
            case "UNKNOWN": .unknown
            default: nil
            }
        guard let status else { return nil }
        let details = json["details"].flatMap { $0.asObject == nil ? nil : $0.bytes() } ?? []
        return HealthResult(status: status, message: json["message"]?.asString ?? "", jsonDetails: details)
    }
}
