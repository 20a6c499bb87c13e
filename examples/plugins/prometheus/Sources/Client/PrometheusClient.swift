import PluginKit

/// The API of one Prometheus.
struct PrometheusClient: Sendable {
    let http: HTTPClient
    let settings: PrometheusSettings

    /// The client of the data source that a request is about.
    init(_ context: PluginContext, _ clients: HTTPClients) throws {
        guard let source = context.dataSourceSettings else {
            throw PluginError.user("the request names no data source")
        }
        settings = try PrometheusSettings(source)
        http = try clients.client(for: source)
    }

    /// Calls `api/v1/<name>` and gives the answer's data.
    ///
    /// - Throws: `PluginError` with Prometheus' own message; whatever goes wrong there is downstream.
    func api<Payload: Decodable>(_ name: String, _ parameters: [(String, String)]) async throws -> Payload {
        let form = Self.form(parameters)
        var request = HTTPRequest("GET", path("api/v1/\(name)?\(form)"))
        if settings.method != "GET" {
            request = HTTPRequest(
                "POST", path("api/v1/\(name)"), headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(form.utf8))
        }
        let answer = try await send(request)
        return try PromAnswer.data(answer.body, status: answer.status, url: http.url)
    }

    /// The path of something on the server, with the data source's own parameters in its query, as Grafana has them.
    func path(_ path: String) -> String {
        guard !settings.parameters.isEmpty else { return path }
        return path + (path.contains("?") ? "&" : "?") + Self.form(settings.parameters)
    }

    /// Sends a request with what the data source's settings say.
    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        try await http.send(request, name: "Prometheus at \(http.url)")
    }

    private static func form(_ parameters: [(String, String)]) -> String {
        parameters.map { "\(escape($0))=\(escape($1))" }.joined(separator: "&")
    }

    static func escape(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.utf8.count < 2 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return out
    }
}
