import DataPlaneAPI
import Storage
import Testing

@testable import APIServer
@testable import Bytes

/// Lists leave in pieces as their clients take them; they once were made whole, also for clients that had left.
struct ListStreamTests {
    private func fill(_ server: TestServer, _ count: Int, bytes: Int) async throws {
        for index in 0..<count {
            var object = Samples.service("s\(1_000 + index)")
            object["metadata"]?["annotations"] = ["fill": .string(String(repeating: "x", count: bytes))]
            _ = try await server.store.create(Samples.key("s\(1_000 + index)"), object)
        }
    }

    @Test func `a long list is whole and in order, a short one has a length`() async throws {
        try await TestServer.with { server in
            try await fill(server, 3, bytes: 10)
            let short = try await server.send("GET", Samples.path)
            #expect(short.field("Content-Length") != nil && short.json["items"]?.asArray?.count == 3)
            for index in 3..<60 {
                var object = Samples.service("s\(1_000 + index)")
                object["metadata"]?["annotations"] = ["fill": .string(String(repeating: "x", count: 10_000))]
                _ = try await server.store.create(Samples.key("s\(1_000 + index)"), object)
            }
            for accept in ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"] {
                // To its end without chunks: HTTP/1.0.
                let lines = try await server.watch("limit=500", headers: ["Accept": accept], until: { _ in false })
                let list = lines.first
                let items = (list?["items"] ?? list?["rows"])?.asArray ?? []
                let names = items.map { ($0["metadata"] ?? $0["object"]?["metadata"])?["name"]?.asString }
                #expect(names == (0..<60).map { "s\(1_000 + $0)" })
            }
            let yaml = try await server.send("GET", Samples.path, headers: ["Accept": "application/yaml"])
            #expect(yaml.head.contains("chunked") && yaml.body.contains("name: s1059"))
            #expect(server.lists.count == 0)
        }
    }

    @Test func `lists of YAML are YAML`() async throws {
        try await TestServer.with { server in
            let headers = ["Accept": "application/yaml"]
            let none = try await server.send("GET", Samples.path, headers: headers)
            #expect(try YAMLDocument.parse(none.body, file: "x").first?.json["items"] == [])
            try await fill(server, 2, bytes: 10)
            let two = try await server.send("GET", Samples.path, headers: headers)
            let json = try YAMLDocument.parse(two.body, file: "x").first?.json
            #expect(json?["items"]?.asArray?.compactMap { $0["metadata"]?["name"]?.asString } == ["s1000", "s1001"])
            #expect(json?["items"] == (try await server.send("GET", Samples.path).json["items"]))
        }
    }

    /// Of a list that nobody reads only a piece is in memory, and nothing of it when the client goes.
    @Test func `a list for a client that leaves is not made`() async throws {
        try await TestServer.with { server in
            try await fill(server, 80, bytes: 250_000)
            try await server.sendAndReset("GET \(Samples.path)") { server.lists.count == 1 }
            while server.lists.count > 0 { try await Task.sleep(for: .milliseconds(2)) }
            #expect(server.lists.count == 0)
        }
    }
}
