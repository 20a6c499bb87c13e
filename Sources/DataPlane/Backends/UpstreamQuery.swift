import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import Origins
import SystemKit

/// A query of the data plane as one of Grafana's `/api/ds/query`, and its answer back.
struct UpstreamQuery {
    /// Headers of the client that don't fit the request that is sent; its answer must be readable here.
    static let replaced = ["content-type", "accept", "accept-encoding", "expect"].map { Array($0.utf8) }
    /// Bodies up to this size are looked at before they go on; larger ones stream, bytes.
    private static let checked = 64 * 1024
    /// What is stated in their place.
    static let fields: HeaderBlock = ["Content-Type": "application/json", "Accept": "application/json"]

    private let exchange: Exchange
    private let request: UpstreamBackend.Request
    private let side: SideWork

    init(_ exchange: Exchange, _ request: UpstreamBackend.Request, _ side: SideWork) {
        self.exchange = exchange
        self.request = request
        self.side = side
    }

    /// The body for Grafana: the same queries, each with its data source and its range.
    ///
    /// - Throws: 400 that names the JSON field, as for a plugin.
    static func body(_ body: [UInt8], _ request: UpstreamBackend.Request) throws(GatewayError) -> ByteBuffer {
        let uid = request.uid ?? ""
        let pluginID = request.route.pluginID
        let now = WallClock.milliseconds()
        let parsed = try QueryRequest.parse(body, pathUID: uid, now: now)
        if !request.acceptedTypes.isEmpty { try parsed.checkType(accepted: request.acceptedTypes) }
        var queries: [JSONValue] = []
        for query in parsed.queries {
            var json: JSONValue
            do throws(JSONError) { json = try JSONValue.parse(query.json) } catch { throw error.badRequest }
            var source: JSONValue = ["uid": .string(uid)]
            let type = query.dataSource?.type ?? ""
            if !type.isEmpty || !pluginID.isEmpty { source["type"] = .string(type.isEmpty ? pluginID : type) }
            json["datasource"] = source
            json["timeRange"] = range(query.range)
            queries.append(json)
        }
        // Grafana wants a range for the request as well.
        var all = range(parsed.queries.first?.range ?? .recent(now: now))
        all["queries"] = .array(queries)
        return ByteBuffer(bytes: all.bytes())
    }

    private static func range(_ range: TimeRange) -> JSONValue {
        ["from": .string(String(range.fromMS)), "to": .string(String(range.toMS))]
    }

    /// What becomes of Grafana's answer: results go on as 200 with a status per refId, also those that Grafana sends
    /// under another status; everything else is an error of the whole.
    ///
    /// A large body streams as it comes, without having been looked at.
    func answer(_ head: ResponseHead) -> OutgoingRequest.Answer {
        // Nothing but JSON that can be read here was asked for.
        let isPlain = head.headers.firstValue(named: "content-encoding") == nil
        let isJSON =
            isPlain && head.headers.firstValue(.contentType)?.lowercased().hasPrefix("application/json") == true
        let spills = isJSON && (head.status == 200 || head.status == 207)
        let (exchange, request, side) = (exchange, request, side)
        return .gathered(limit: spills ? Self.checked : UpstreamFault.limit, spillsUnder: spills ? 200 : nil) { body in
            exchange.work(on: body.readableBytes, "the upstream's answer", by: side) { () throws(GatewayError) in
                let bytes = Array(body.readableBytesView)
                if isJSON, head.status == 200 || head.status == 207 || head.status >= 400,
                    let json = try? JSONValue.parse(bytes), json["results"]?.asObject != nil
                {
                    return
                }
                throw UpstreamFault.error(head, bytes, request)
            } _: { result in
                switch result {
                case .success: exchange.respond(200, contentType: "application/json", body: body)
                case .failure(let error): exchange.respond(error)
                }
            }
        }
    }
}
