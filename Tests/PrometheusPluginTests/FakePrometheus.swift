import DataFrames
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import PluginKit
import PluginProtocol
import Synchronization

@testable import PrometheusPlugin

/// A server that answers like Prometheus, with what a test gives it, and remembers what it was asked.
final class FakePrometheus: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        /// The parameters of the URL.
        var query: [String: String]
        /// Those of the body.
        var form: [String: String]
        /// Both.
        var all: [String: String] { query.merging(form) { $1 } }
    }

    private let channel: any Channel
    private let asked = Mutex<[Request]>([])

    /// The requests so far.
    var requests: [Request] { asked.withLock { $0 } }
    var port: Int { channel.localAddress?.port ?? 0 }

    /// - Parameter answers: status and body by the end of the path.
    init(_ answers: [String: (status: Int, body: String)]) async throws {
        let record = Mutex<(@Sendable (Request) -> Void)?>(nil)
        let box = Box(record)
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(answers, box))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        box.set { [weak self] request in self?.asked.withLock { $0.append(request) } }
    }

    deinit { channel.close(promise: nil) }

    private final class Box: Sendable {
        private let record: Mutex<(@Sendable (Request) -> Void)?>
        init(_ record: consuming Mutex<(@Sendable (Request) -> Void)?>) { self.record = record }
        func set(_ body: @escaping @Sendable (Request) -> Void) { record.withLock { $0 = body } }
        func add(_ request: Request) { record.withLock { $0 }?(request) }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answers: [String: (status: Int, body: String)]
        private let box: Box
        private var head: HTTPRequestHead?
        private var body = ""

        init(_ answers: [String: (status: Int, body: String)], _ box: Box) {
            self.answers = answers
            self.box = box
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, "")
            case .body(let part): body += String(buffer: part)
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            guard let head else { return }
            let parts = head.uri.split(separator: "?", maxSplits: 1).map(String.init)
            let path = parts.first ?? ""
            box.add(
                Request(
                    method: head.method.rawValue, path: path, query: Self.fields(parts.count > 1 ? parts[1] : ""),
                    form: Self.fields(body)))
            let (status, text) = answers.first { path.hasSuffix($0.key) }?.value ?? (404, "")
            let answer = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                headers: ["Content-Length": "\(text.utf8.count)"])
            context.write(wrapOutboundOut(.head(answer)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        private static func fields(_ text: String) -> [String: String] {
            var fields: [String: String] = [:]
            for pair in text.split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1).map { $0.removingPercentEncoding ?? "" }
                fields[parts.first ?? ""] = parts.count > 1 ? parts[1] : ""
            }
            return fields
        }
    }
}

extension FakePrometheus {
    /// The client of a data source of this server.
    func client(_ json: String = "{}") throws -> PrometheusClient {
        try Self.client(url: "http://127.0.0.1:\(port)", json)
    }

    static func client(url: String, _ json: String = "{}") throws -> PrometheusClient {
        var source = DataSourceInstanceSettings()
        source.url = url
        source.jsonData = Array(json.utf8)
        var context = PluginContext()
        context.dataSourceSettings = source
        return try PrometheusClient(context, .shared)
    }

    /// The frames of a query, as JSON objects.
    func frames(
        _ json: String, from: Int64 = 0, to: Int64 = 300_000, points: Int64 = 100, source: String = "{}"
    ) async throws -> [[String: Any]] {
        let client = try client(source)
        let query = try PromQuery(
            Self.query(json, from: from, to: to, points: points), scrapeMS: client.settings.scrapeMS)
        return try await query.run(client).map { frame in
            try JSONSerialization.jsonObject(with: Data(frame.json())) as? [String: Any] ?? [:]
        }
    }

    static func query(_ json: String, from: Int64 = 0, to: Int64 = 300_000, points: Int64 = 100) -> DataQuery {
        DataQuery(
            refID: "A", maxDataPoints: points, intervalMS: 1000, fromMS: from, toMS: to, json: Array(json.utf8),
            queryType: "")
    }

    /// An answer with series.
    static func series(_ series: String, _ type: String = "matrix") -> (status: Int, body: String) {
        (200, #"{"status":"success","data":{"resultType":"\#(type)","result":[\#(series)]}}"#)
    }
}

extension HTTPClients {
    static let shared = HTTPClients()
}

extension [String: Any] {
    /// What stands at a path such as `schema.fields.0.name`.
    func at(_ path: String) -> Any? {
        var value: Any? = self
        for part in path.split(separator: ".") {
            if let list = value as? [Any], let index = Int(part) {
                value = list.indices.contains(index) ? list[index] : nil
            } else {
                value = (value as? [String: Any])?[String(part)]
            }
        }
        return value
    }

    /// The names of the fields.
    var names: [String] { (at("schema.fields") as? [[String: Any]] ?? []).map { $0["name"] as? String ?? "" } }

    /// The values of a column as text.
    func column(_ index: Int) -> String {
        let values = at("data.values.\(index)") as? [Any] ?? []
        return values.map { $0 is NSNull ? "-" : "\($0)" }.joined(separator: " ")
    }
}
