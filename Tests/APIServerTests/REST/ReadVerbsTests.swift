import DataPlaneAPI
import Storage
import Testing

@testable import APIServer
@testable import Bytes

struct ReadVerbsTests {
    private let table = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"]

    private func fill(_ server: TestServer, _ names: [String]) async throws {
        for name in names {
            _ = try await server.send("POST", Samples.path, Samples.service(name, labels: ["name": .string(name)]))
        }
    }

    @Test func `a list comes in pages that go on where the last ended`() async throws {
        try await TestServer.with { server in
            try await fill(server, ["a", "b", "c"])
            let first = try await server.send("GET", Samples.path + "?limit=2").json
            #expect(first["kind"] == "DataPlaneServiceList")
            #expect(first["items"]?.asArray?.count == 2)
            #expect(first["metadata"]?["remainingItemCount"] == 1)
            let token = first["metadata"]?["continue"]?.asString ?? ""
            let second = try await server.send("GET", Samples.path + "?limit=2&continue=\(token)").json
            #expect(second["items"]?.asArray?.compactMap { $0["metadata"]?["name"]?.asString } == ["c"])
            #expect(second["metadata"]?["continue"] == nil)
            #expect(second["metadata"]?["resourceVersion"] == first["metadata"]?["resourceVersion"])
            #expect(try await server.send("GET", Samples.path + "?continue=nonsense").status == 400)
            #expect(try await server.send("GET", Samples.path + "?resourceVersion=2&continue=\(token)").status == 400)
        }
    }

    @Test func `a token from before the kept history is expired`() async throws {
        var settings = WatchCache.Settings()
        settings.historyLimit = 2
        try await TestServer.with(settings: settings) { server in
            try await fill(server, ["a", "b"])
            let token =
                try await server.send("GET", Samples.path + "?limit=1").json["metadata"]?["continue"]?.asString ?? ""
            try await fill(server, ["c", "d", "e"])
            let reply = try await server.send("GET", Samples.path + "?limit=1&continue=\(token)")
            #expect(reply.status == 410)
            #expect(reply.json["reason"] == "Expired")
        }
    }

    /// As a real API server has it: the pages of one list belong together, and an exact version is that version.
    @Test func `a list shows the version it began with, or that it was asked for`() async throws {
        try await TestServer.with { server in
            try await fill(server, ["a", "b", "c"])
            func names(_ query: String) async throws -> [String] {
                let list = try await server.send("GET", Samples.path + query)
                guard list.status == 200 else { return ["\(list.status) \(list.json["reason"]?.asString ?? "")"] }
                return list.json["items"]?.asArray?.compactMap { $0["metadata"]?["name"]?.asString } ?? []
            }
            let first = try await server.send("GET", Samples.path + "?limit=1").json
            let token = first["metadata"]?["continue"]?.asString ?? ""
            _ = try await server.send("DELETE", Samples.path + "/b")
            try await fill(server, ["bb"])
            #expect(try await names("?continue=\(token)") == ["b", "c"])
            #expect(try await names("?resourceVersion=3&resourceVersionMatch=Exact") == ["a", "b"])
            #expect(try await names("?resourceVersion=2&limit=5") == ["a"])
            #expect(try await names("?resourceVersion=2") == ["a", "bb", "c"])
            #expect(try await names("?resourceVersion=2&resourceVersionMatch=NotOlderThan") == ["a", "bb", "c"])
        }
    }

    @Test func `an exact version from before the history is expired`() async throws {
        var settings = WatchCache.Settings()
        settings.historyLimit = 1
        try await TestServer.with(settings: settings) { server in
            try await fill(server, ["a", "b", "c"])
            let list = try await server.send("GET", Samples.path + "?resourceVersion=2&resourceVersionMatch=Exact")
            #expect(list.status == 410 && list.json["reason"] == "Expired")
            #expect(list.json["message"] == "The resourceVersion for the provided list is too old.")
        }
    }

    @Test func `DP-17 selectors choose, also across pages`() async throws {
        try await TestServer.with { server in
            try await fill(server, ["a", "b", "c"])
            func names(_ query: String) async throws -> [String] {
                try await server.send("GET", Samples.path + query).json["items"]?.asArray?
                    .compactMap { $0["metadata"]?["name"]?.asString } ?? []
            }
            #expect(try await names("?labelSelector=name+in+(a,c)") == ["a", "c"])
            #expect(try await names("?labelSelector=name%21%3Da&limit=1") == ["b"])
            #expect(try await names("?fieldSelector=metadata.name%3Db") == ["b"])
            #expect(try await server.send("GET", Samples.path + "?fieldSelector=spec.x%3D1").status == 400)
        }
    }

    @Test func `DP-13 a table has columns and rows with the metadata`() async throws {
        try await TestServer.with { server in
            try await fill(server, ["a"])
            let reply = try await server.send("GET", Samples.path, headers: table)
            #expect(reply.json["kind"] == "Table")
            let names = reply.json["columnDefinitions"]?.asArray?.compactMap { $0["name"]?.asString }
            #expect(names?.prefix(3) == ["Name", "Available", "Age"])
            #expect(reply.json["rows"]?[0]?["cells"]?[0] == "a")
            #expect(reply.json["rows"]?[0]?["cells"]?[1] == "Unknown")
            #expect(reply.json["rows"]?[0]?["object"]?["kind"] == "PartialObjectMetadata")
            let full = try await server.send("GET", Samples.path + "?includeObject=Object", headers: table)
            #expect(full.json["rows"]?[0]?["object"]?["kind"] == "DataPlaneService")
            #expect(try await server.send("GET", Samples.path + "?includeObject=x", headers: table).status == 422)
        }
    }

    @Test func `metadata alone, no acceptable type, indented text`() async throws {
        try await TestServer.with { server in
            try await fill(server, ["a"])
            let partial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
            let reply = try await server.send("GET", Samples.path + "/a", headers: ["Accept": partial])
            #expect(reply.json["kind"] == "PartialObjectMetadata")
            #expect(reply.json["spec"] == nil)
            #expect(try await server.send("GET", Samples.path, headers: ["Accept": "text/html"]).status == 406)
            let proto = ["Accept": "application/vnd.kubernetes.protobuf,application/json"]
            #expect(try await server.send("GET", Samples.path, headers: proto).status == 200)
            #expect(try await server.send("GET", Samples.path + "?pretty=true").body.hasPrefix("{\n  "))
        }
    }

    @Test func `a parameter that can't be read is no parameter that isn't given`() async throws {
        try await TestServer.with { server in
            try await fill(server, ["a"])
            for (method, name) in [("GET", "labelSelector"), ("GET", "watch"), ("DELETE", "dryRun")] {
                let reply = try await server.send(method, "\(Samples.path)\(method == "GET" ? "" : "/a")?\(name)=%zz")
                #expect(reply.status == 400)
                #expect(reply.json["message"]?.asString?.hasPrefix("the query parameter \(name) has a %") == true)
            }
            // What nobody reads has no meaning to miss.
            #expect(try await server.send("GET", Samples.path + "/a?x=%zz").status == 200)
        }
    }

    @Test(arguments: [
        ("?resourceVersionMatch=Exact", 422), ("?resourceVersion=0&resourceVersionMatch=Exact", 422),
        ("?resourceVersion=0", 200), ("?resourceVersion=x", 422),
        ("?resourceVersion=1&resourceVersionMatch=NotOlderThan", 200),
        ("?resourceVersion=1&resourceVersionMatch=Exact", 200), ("?sendInitialEvents=true", 422), ("?limit=x", 400),
    ])
    func `versions of a list are judged as Kubernetes does`(_ query: String, _ status: Int) async throws {
        try await TestServer.with { server in
            try await fill(server, ["a"])
            #expect(try await server.send("GET", Samples.path + query).status == status)
        }
    }

    @Test(arguments: [
        ("GET", "/apis/aggregation.grafana.app/v0alpha1/namespaces/x/dataplaneservices", 404),
        ("GET", "/apis/aggregation.grafana.app/v9/dataplaneservices", 404),
        ("GET", "/apis/aggregation.grafana.app/v0alpha1/others", 404),
        ("GET", Samples.path + "/a/scale", 404), ("POST", Samples.path + "/a", 405), ("PUT", Samples.path, 405),
        ("GET", Samples.path + "/none", 404),
    ])
    func `what isn't there is told apart from what isn't allowed`(_ method: String, _ path: String, _ status: Int)
        async throws
    {
        try await TestServer.with { server in
            let reply = try await server.send(method, path)
            #expect(reply.status == status)
            #expect(reply.json["kind"] == "Status")
        }
    }

    @Test func `a closed gate refuses everything of ours and nothing else`() async throws {
        try await TestServer.with(isClosed: true, configure: { $0.use { _, _, _ in nil } }) { server in
            for path in [Samples.path, "/apis", "/api", "/openapi/v3", "/version", "/readyz"] {
                let reply = try await server.send("GET", path)
                #expect(reply.status == 403)
            }
            for path in ["/api/health", "/", "/apis/other.example.org/v1/things"] {
                let reply = try await server.send("GET", path)
                #expect(reply.body == "delegate")
            }
        }
    }
}
