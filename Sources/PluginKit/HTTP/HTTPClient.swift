import Bytes
import DataPlaneAPI
import HTTPKit
import Origins
import PluginProtocol

/// Requests to the server of one data source, under its settings.
public struct HTTPClient: Sendable {
    /// The URL of the data source, without a slash at its end and without a user.
    public let url: String
    /// For a whole request, seconds: `timeout` of jsonData, else 30.
    public let timeoutSeconds: Int
    private let clients: HTTPClients
    private let origin: Origin
    private let basePath: [UInt8]
    private let fields: HeaderBlock

    init(_ source: DataSourceInstanceSettings, _ clients: HTTPClients) throws(GatewayError) {
        let (written, user) = Self.withoutUser(source.url)
        guard ["http://", "https://"].contains(where: { written.lowercased().hasPrefix($0) }) else {
            throw GatewayError(.badRequest, "the data source's url must begin with http:// or https://")
        }
        let url = try DataSourceURL(written)
        let json = (try? JSONValue.parse(source.jsonData)) ?? .null
        var origin = url.origin
        if url.isTLS { origin.tls = try TLSClientSettings(jsonData: json, secrets: source.secureJSONData) }
        self.origin = origin
        self.clients = clients
        var text = written[...]
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
        let basic = "\(source.basicAuthUser):\(source.secureJSONData["basicAuthPassword"] ?? "")"
        if let pair = source.basicAuthEnabled ? Array(basic.utf8) : user, names.insert("authorization").inserted {
            fields.add("Authorization", "Basic \(Base64.encode(pair))")
        }
        if names.insert("host").inserted { fields.add("Host", url.hostField) }
        self.fields = fields
    }

    /// A URL without the user and password in it, which are sent as Go sends them and shown nowhere; nil where there are
    /// none.
    private static func withoutUser(_ url: String) -> (url: String, user: [UInt8]?) {
        let authority = URLText(url).authority.text
        guard let at = authority.lastIndex(of: "@") else { return (url, nil) }
        let user = Percent.decode(authority[..<at].utf8) ?? Array(authority[..<at].utf8)
        let pair = user.contains(UInt8(ascii: ":")) ? user : user + [UInt8(ascii: ":")]
        return (String(url[..<authority.startIndex] + url[authority.index(after: at)...]), pair)
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
