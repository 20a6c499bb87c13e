import DataPlaneAPI
import HTTPTesting
import NIOCore
import PluginKit
import PluginProtocol
import Synchronization
import Testing

@testable import HTTPKit

/// Requests of plugins to the servers of data sources.
@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
    private func source(
        _ server: SocketServer, path: String = "", json: String = "{}", secrets: [String: String] = [:]
    ) -> DataSourceInstanceSettings {
        var source = DataSourceInstanceSettings()
        source.url = "http://127.0.0.1:\(server.listener.address?.port ?? 0)\(path)"
        source.jsonData = Array(json.utf8)
        source.secureJSONData = secrets
        return source
    }

    /// Answers with the request's line and fields.
    private static let echo: @Sendable (Exchange) -> Void = { exchange in
        exchange.collectBody(limit: 1 << 20, setting: "") { result in
            let head = exchange.request
            var text = "\(head.methodText) \(head.withTarget { String(decoding: $0, as: UTF8.self) })\n"
            for field in head.headers.fields { text += "\(head.headers.name(field)): \(head.headers.value(field))\n" }
            text += String(decoding: (try? result.get()) ?? [], as: UTF8.self)
            exchange.respond(200, contentType: "text/plain", body: ByteBuffer(string: text))
        }
    }

    @Test func `what the settings of the data source say goes along, and can't be replaced`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            var source = source(
                server, path: "/base/",
                json: #"{"httpHeaderName1":"X-Scope","httpHeaderName2":"X-None","timeout":"7"}"#,
                secrets: ["httpHeaderValue1": "team", "basicAuthPassword": "s"])
            source.basicAuthEnabled = true
            source.basicAuthUser = "u"
            let client = try HTTPClients().client(for: source)
            #expect(client.timeoutSeconds == 7 && client.url.hasSuffix("/base"))
            let answer = try await client.send(
                HTTPRequest("POST", "q?a=%2F", headers: [("X-Scope", "mine"), ("X-Own", "1")], body: Array("hi".utf8)))
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(answer.status == 200 && answer.header("content-type") == "text/plain")
            #expect(text.hasPrefix("POST /base/q?a=%2F\n") && text.hasSuffix("\nhi"), "\(text)")
            for line in ["X-Scope: team", "X-Own: 1", "Authorization: Basic dTpz", "Content-Length: 2"] {
                #expect(text.contains("\(line)\n"), "\(line): \(text)")
            }
            #expect(!text.contains("mine") && !text.contains("X-None"))
        }
    }

    @Test func `a user in the URL is sent as Go sends it, and shown nowhere`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            var source = source(server, json: #"{"timeout":1}"#)
            source.url = source.url.replacing("http://", with: "http://me:s%40c@")
            let client = try HTTPClients().client(for: source)
            #expect(!client.url.contains("@") && client.url.hasPrefix("http://127.0.0.1:"))
            var text = String(decoding: try await client.send(HTTPRequest("GET", "/")).body, as: UTF8.self)
            #expect(text.contains("Authorization: Basic bWU6c0Bj\n"), "\(text)")
            // Basic authentication that is set comes first.
            source.basicAuthEnabled = true
            source.basicAuthUser = "u"
            text = String(
                decoding: try await HTTPClients().client(for: source).send(HTTPRequest("GET", "/")).body, as: UTF8.self)
            #expect(text.contains("Authorization: Basic dTo=\n"), "\(text)")
        }
    }

    @Test func `what a user may have written into a path begins no other request`() async throws {
        try await SocketServer.with(handler: Self.echo) { server in
            let client = try HTTPClients().client(for: source(server))
            for request in [
                HTTPRequest("GET", "a HTTP/1.1\r\nHost: b\r\n\r\nGET /admin"), HTTPRequest("GET", "a b"),
                HTTPRequest("GET\r\nX: y", "a"),
            ] {
                let error = await #expect(throws: PluginError.self) { try await client.send(request) }
                #expect(error?.status == 400 && error?.source == .plugin, "\(request.path)")
            }
            let sent = try await client.send(
                HTTPRequest("POST", "a", headers: [("Transfer-Encoding", "chunked"), ("X", "a\r\nY: b")]))
            let text = String(decoding: sent.body, as: UTF8.self)
            #expect(sent.status == 200 && text.contains("X: a  Y: b\n"), "\(text)")
            #expect(text.contains("Content-Length: 0\n") && !text.lowercased().contains("transfer-encoding"), "\(text)")
        }
    }

    @Test func `requests share connections, and one that the server has closed is not an error`() async throws {
        let connections = Mutex<Set<ObjectIdentifier>>([])
        let closes = Atomic<Bool>(false)
        try await SocketServer.with(handler: { exchange in
            connections.withLock { if let transport = exchange.transport { $0.insert(ObjectIdentifier(transport)) } }
            exchange.respond(204, contentType: "text/plain", body: ByteBuffer()) { head in
                if closes.load(ordering: .relaxed) { head.add("Connection", fixed: "close") }
            }
        }) { server in
            let client = try HTTPClients().client(for: source(server))
            for _ in 0..<3 { #expect(try await client.send(HTTPRequest("GET", "/")).status == 204) }
            #expect(connections.withLock { $0.count } == 1)
            closes.store(true, ordering: .relaxed)
            for _ in 0..<3 { #expect(try await client.send(HTTPRequest("GET", "/")).status == 204) }
        }
    }

    @Test func `an answer that is too large, too late or none is an error downstream`() async throws {
        try await SocketServer.with(handler: { exchange in
            // The client's limit of a second ends it.
            guard exchange.request.withTarget({ $0.count }) > 1 else { return }
            exchange.respond(200, contentType: "text/plain", body: ByteBuffer(repeating: 0x61, count: 5_000))
        }) { server in
            let client = try HTTPClients().client(for: source(server, json: #"{"timeout":1}"#))
            let large = await #expect(throws: PluginError.self) {
                try await client.send(HTTPRequest("GET", "/large"), name: "it", limit: 4_096)
            }
            #expect(large == PluginError("it answered with more than 4 KiB", status: 502, source: .downstream))
            let late = await #expect(throws: PluginError.self) {
                try await client.send(HTTPRequest("GET", "/"), name: "it")
            }
            #expect(late == PluginError("it did not answer within 1 s", status: 504, source: .downstream))
        }
    }

    @Test(arguments: [
        ("", "no url"), ("ftp://h", "http://"), ("prometheus:9090", "http://"), ("http://h:x", "port"),
        ("https://h", "tlsClientCert is missing"),
    ])
    func `settings that can't be used are the user's fault`(url: String, words: String) {
        var source = DataSourceInstanceSettings()
        source.url = url
        source.jsonData = Array(#"{"tlsAuth":true}"#.utf8)
        let error = #expect(throws: PluginError.self) { try HTTPClients().client(for: source) }
        #expect(error?.status == 400 && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
}
