import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import PluginKit
import Synchronization

/// HTTP clients, one with and one without certificate checks; connections are shared by all data sources.
final class PrometheusClients: Sendable {
    private let checking = HTTPClient(configuration: PrometheusClients.configuration(skipsVerification: false))
    private let trusting = HTTPClient(configuration: PrometheusClients.configuration(skipsVerification: true))

    private static func configuration(skipsVerification: Bool) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if skipsVerification { tls.certificateVerification = .none }
        // Credentials belong to the data source's own address, so nobody may send us elsewhere.
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.timeout.connect = .seconds(10)
        // Whoever asks tries again; a refused connection is worth knowing at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// The client of the data source that a request is about.
    func client(for context: PluginContext) throws -> PrometheusClient {
        guard let source = context.dataSourceSettings else {
            throw PluginError.user("the request names no data source")
        }
        let settings = try PrometheusSettings(source)
        return PrometheusClient(http: settings.skipsVerification ? trusting : checking, settings: settings)
    }
}

/// The API of one Prometheus.
struct PrometheusClient: Sendable {
    let http: HTTPClient
    let settings: PrometheusSettings

    /// The largest answer that is read, bytes.
    static let answerLimit = 256 * 1024 * 1024

    /// Calls `api/v1/<name>` and gives the answer's data.
    ///
    /// - Throws: `PluginError` with Prometheus' own message; whatever goes wrong there is downstream.
    func api<Payload: Decodable>(_ name: String, _ parameters: [(String, String)]) async throws -> Payload {
        let form = Self.form(parameters)
        var request: HTTPClientRequest
        if settings.method == "GET" {
            request = HTTPClientRequest(url: url("api/v1/\(name)?\(form)"))
        } else {
            request = HTTPClientRequest(url: url("api/v1/\(name)"))
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(ByteBuffer(string: form))
        }
        let response = try await send(request)
        let body = try await downstream { try await response.body.collect(upTo: Self.answerLimit) }
        return try PromAnswer.data(body, status: Int(response.status.code), url: settings.shownURL)
    }

    /// The address of something on the server, with the data source's own parameters in its query, as Grafana has them.
    func url(_ path: String) -> String {
        let url = "\(settings.url)/\(path)"
        guard !settings.parameters.isEmpty else { return url }
        return url + (path.contains("?") ? "&" : "?") + Self.form(settings.parameters)
    }

    private static func form(_ parameters: [(String, String)]) -> String {
        parameters.map { "\(escape($0))=\(escape($1))" }.joined(separator: "&")
    }

    /// Sends a request with the data source's headers.
    func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        var request = request
        for header in settings.headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
        let ready = request
        return try await downstream { try await http.execute(ready, timeout: .seconds(Int64(settings.timeout))) }
    }

    private func downstream<R>(_ call: () async throws -> R) async throws -> R {
        do {
            return try await call()
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout {
            throw PluginError(
                "Prometheus did not answer within \(settings.timeout) s", status: 504, source: .downstream)
        } catch is CancellationError {
            throw CancellationError()
        } catch is NIOTooManyBytesError {
            throw PluginError(
                "Prometheus' answer is larger than \(Self.answerLimit >> 20) MiB; ask for less", status: 502,
                source: .downstream)
        } catch {
            throw PluginError(
                "Prometheus at \(settings.shownURL) can't be reached: \(ClientFault.words(error))", status: 502,
                source: .downstream)
        }
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
