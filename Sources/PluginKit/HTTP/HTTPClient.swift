import Bytes
import DataPlaneAPI
import HTTPKit
import Origins
import PluginProtocol

/// Requests to the server of one data source, under its settings.
public struct HTTPClient: Sendable {
    /// The URL of the data source, without a slash at its end.
    public let url: String
    /// For a whole request, seconds: `timeout` of jsonData, else 30.
    public let timeoutSeconds: Int
    private let clients: HTTPClients
    private let origin: Origin
    private let basePath: [UInt8]
    private let fields: HeaderBlock

    init(_ source: DataSourceInstanceSettings, _ clients: HTTPClients) throws(GatewayError) {
        let url = try DataSourceURL(source.url)
        let json = (try? JSONValue.parse(source.jsonData)) ?? .null
        var origin = url.origin
        if url.isTLS { origin.tls = try TLSClientSettings(jsonData: json, secrets: source.secureJSONData) }
        self.origin = origin
        self.clients = clients
        var text = source.url[...]
        while text.hasSuffix("/") { text.removeLast() }
        self.url = String(text)
        var path = url.path.utf8[...]
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        basePath = Array(path)
        let timeout = json["timeout"].flatMap { $0.asInt ?? $0.asString.flatMap { Int($0) } } ?? 0
        timeoutSeconds = (1...86_400).contains(timeout) ? timeout : 30

        var fields: HeaderBlock = ["User-Agent": "dataplane-gateway-plugin"]
        var names: Set<String> = []
        var number = 1
        while let name = json["httpHeaderName\(number)"]?.asString, !name.isEmpty {
            if let value = source.secureJSONData["httpHeaderValue\(number)"], names.insert(name.lowercased()).inserted {
                fields.add(name, value)
            }
            number += 1
        }
        if source.basicAuthEnabled, names.insert("authorization").inserted {
            let pair = "\(source.basicAuthUser):\(source.secureJSONData["basicAuthPassword"] ?? "")"
            fields.add("Authorization", "Basic \(Base64.encode(pair.utf8))")
        }
        if names.insert("host").inserted { fields.add("Host", url.hostField) }
        self.fields = fields
    }

    /// Sends a request and gathers the answer; fields of framing and of the connection are the client's own.
    ///
    /// - Parameters:
    ///   - name: what errors call the server.
    ///   - limit: the most bytes of the answer's body.
    /// - Throws: 400 for a method or path that can't be sent, else errors downstream: 504 when it takes too long, 502 when the server can't be reached or breaks off.
    public func send(
        _ request: HTTPRequest, name: String = "the data source's server", limit: Int = 256 << 20
    ) async throws(PluginError) -> HTTPResponse {
        var fields = fields
        for header in request.headers where fields.firstValue(ofName: header.name) == nil {
            fields.add(header.name, header.value)
        }
        let separator = request.path.hasPrefix("/") ? "" : "/"
        let fetch = OriginFetch(
            name: name, method: request.method, target: basePath + Array("\(separator)\(request.path)".utf8),
            fields: fields, body: request.body, milliseconds: timeoutSeconds * 1_000, limit: limit,
            sharesConnection: true)
        do throws(GatewayError) {
            let answer = try await clients.send(
                fetch, to: origin, connectMS: min(10_000, timeoutSeconds * 1_000)
            ).get()
            return HTTPResponse(status: answer.status, fields: answer.headers, body: answer.body)
        } catch {
            let source: PluginErrorSource = error.source == .gateway ? .plugin : .downstream
            throw PluginError(error.message, status: Int32(error.httpStatus), source: source)
        }
    }
}
