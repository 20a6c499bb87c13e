import DataPlaneAPI
import Testing

@testable import APIServer

struct DiscoveryTests {
    private static let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    private static let v2beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

    private func names(_ reply: Reply) -> [String] {
        (reply.json["groups"] ?? reply.json["items"])?.asArray?.compactMap {
            ($0["name"] ?? $0["metadata"]?["name"])?.asString
        } ?? []
    }

    private static func claim(_ core: inout APIServerCore) {
        core.claims = { [ClaimedGroup(name: "weather.example.org", versions: ["v1", "v1beta1"])] }
    }

    private static func document(_ json: String, type: String = "application/json") -> FetchedDocument {
        FetchedDocument(status: 200, contentType: type, body: Array(json.utf8))
    }

    @Test func `DI-01 DI-03 DI-06 DI-07 the legacy list has own and claimed groups`() async throws {
        try await TestServer.with(configure: Self.claim) { server in
            for path in ["/apis", "/apis/"] {
                let reply = try await server.send("GET", path)
                #expect(reply.field("Content-Type") == "application/json")
                #expect(reply.json["kind"] == "APIGroupList")
                #expect(names(reply) == ["aggregation.grafana.app", "weather.example.org"])
            }
            let group = try await server.send("GET", "/apis/weather.example.org").json
            #expect(group["kind"] == "APIGroup")
            #expect(group["preferredVersion"]?["groupVersion"] == "weather.example.org/v1")
            let version = try await server.send("GET", "/apis/weather.example.org/v1").json
            let resources = version["resources"]?.asArray?.compactMap { $0["name"]?.asString } ?? []
            #expect(resources.contains("datasources/query") && resources.contains("connections/query"))
            let own = try await server.send("GET", "/apis/aggregation.grafana.app/v0alpha1").json
            #expect(own["kind"] == "APIResourceList" && own["resources"]?[0]?["name"] == "dataplaneservices")
            #expect(try await server.send("GET", "/apis/weather.example.org/v7").status == 404)
            #expect(try await server.send("GET", "/apis/none.example.org").status == 404)
            #expect(try await server.send("POST", "/apis", "{}").status == 405)
        }
    }

    @Test func `DI-02 aggregated discovery is answered in the version that is asked for`() async throws {
        try await TestServer.with(configure: Self.claim) { server in
            for (accept, version) in [
                (Self.v2 + ",application/json", "v2"), (Self.v2beta1 + ",application/json", "v2beta1"),
                ("\(Self.v2),\(Self.v2beta1),application/json", "v2"),
            ] {
                let reply = try await server.send("GET", "/apis?timeout=32s", headers: ["Accept": accept])
                #expect(reply.json["apiVersion"]?.asString == "apidiscovery.k8s.io/\(version)")
                let type = reply.field("Content-Type") ?? ""
                #expect(type.contains("v=\(version);") && type.contains("g=apidiscovery.k8s.io"))
                let resource = reply.json["items"]?[0]?["versions"]?[0]?["resources"]?[0]
                #expect(resource?["resource"] == "dataplaneservices")
                #expect(resource?["scope"] == "Cluster")
                #expect(resource?["categories"] == ["dataplane"])
                #expect(resource?["subresources"]?[0]?["subresource"] == "status")
                #expect(names(reply) == ["aggregation.grafana.app", "weather.example.org"])
            }
            let core = try await server.send("GET", "/api", headers: ["Accept": Self.v2])
            #expect(core.json["items"] == [])
            #expect(try await server.send("GET", "/api").json["kind"] == "APIVersions")
        }
    }

    @Test func `an unchanged document is 304`() async throws {
        try await TestServer.with { server in
            let first = try await server.send("GET", "/apis", headers: ["Accept": Self.v2])
            let tag = first.field("ETag") ?? ""
            #expect(tag.hasPrefix("\"") && tag.count > 10)
            let second = try await server.send("GET", "/apis", headers: ["Accept": Self.v2, "If-None-Match": tag])
            #expect(second.status == 304 && second.body.isEmpty)
            let weak = try await server.send("GET", "/apis", headers: ["Accept": Self.v2, "If-None-Match": "W/\(tag)"])
            #expect(weak.status == 200)
        }
    }

    @Test func `DI-01 DI-02 DI-08 the upstream's groups follow ours, each once`() async throws {
        let legacy =
            #"{"kind":"APIGroupList","groups":[{"name":"foo.example.com"},{"name":"aggregation.grafana.app"},{"name":"weather.example.org"}]}"#
        let aggregated =
            #"{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"foo.example.com"},"versions":[{"version":"v1","freshness":"Stale"}]},{"metadata":{"name":"weather.example.org"},"versions":[{"version":"v1","resources":[{"resource":"datasources","verbs":["get"],"subresources":[{"subresource":"health"}]}]},{"version":"v9"}]}]}"#
        try await TestServer.with(configure: { core in
            Self.claim(&core)
            core.fetch = { _, accept, _ in Self.document(accept.contains("as=") ? aggregated : legacy) }
        }) { server in
            let expected = ["aggregation.grafana.app", "weather.example.org", "foo.example.com"]
            #expect(names(try await server.send("GET", "/apis")) == expected)
            let reply = try await server.send("GET", "/apis", headers: ["Accept": Self.v2])
            #expect(names(reply) == expected)
            let weather = reply.json["items"]?[1]
            #expect(weather?["versions"]?.asArray?.compactMap { $0["version"]?.asString } == ["v1", "v1beta1", "v9"])
            let sources = weather?["versions"]?[0]?["resources"]?[0]
            #expect(sources?["verbs"] == ["get"])
            let parts = sources?["subresources"]?.asArray?.compactMap { $0["subresource"]?.asString } ?? []
            #expect(parts.count == Set(parts).count && parts.contains("query"))
            #expect(reply.json["items"]?[2]?["versions"]?[0]?["freshness"] == "Stale")
            #expect(try await server.send("GET", "/apis/foo.example.com/v1").body == "delegate")
        }
    }

    @Test(arguments: [
        FetchedDocument?.none, FetchedDocument(status: 503, contentType: "text/plain", body: []),
        FetchedDocument(status: 200, contentType: "application/json", body: Array("<html>".utf8)),
    ])
    func `DI-04 and DI-05 an upstream that fails leaves our own groups`(_ document: FetchedDocument?) async throws {
        try await TestServer.with(configure: { $0.fetch = { _, _, _ in document } }) { server in
            let groups = try await server.send("GET", "/apis")
            #expect(names(groups) == ["aggregation.grafana.app"])
            let root = try await server.send("GET", "/openapi/v3")
            #expect(root.json["paths"]?.asObject?.count == 1)
        }
    }

    @Test func `the OpenAPI documents are found by their hash`() async throws {
        try await TestServer.with { server in
            let root = try await server.send("GET", "/openapi/v3").json
            let path = root["paths"]?["apis/aggregation.grafana.app/v0alpha1"]?["serverRelativeURL"]?.asString ?? ""
            let document = try await server.send("GET", path + "&timeout=32s")
            #expect(document.field("Cache-Control")?.contains("immutable") ?? false)
            let schema = document.json["components"]?["schemas"]?["app.grafana.aggregation.v0alpha1.DataPlaneService"]
            #expect(schema?["properties"]?["spec"]?["properties"]?["services"]?["items"] != nil)
            let patch = document.json["paths"]?["\(Samples.path)/{name}"]?["patch"]
            #expect(patch?["parameters"]?.asArray?.contains { $0["name"] == "fieldValidation" } ?? false)
            let wrong = try await server.send("GET", "/openapi/v3/apis/aggregation.grafana.app/v0alpha1?hash=0")
            #expect(wrong.status == 301)
            #expect(wrong.field("Location") == path)
            let proto = ["Accept": "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"]
            let v2 = try await server.send("GET", "/openapi/v2", headers: proto)
            #expect(v2.body.contains("Kubernetes") && v2.body.utf8.count == 23)
        }
    }

    @Test func `health and version`() async throws {
        let problem = Box<String?>(nil)
        try await TestServer.with(configure: { core in
            core.version = "1.2.3"
            core.readiness = [ReadinessCheck("plugins") { problem.current }]
        }) { server in
            #expect(try await server.send("GET", "/readyz").body == "ok")
            let verbose = try await server.send("GET", "/readyz?verbose").body
            #expect(verbose == "[+]ping ok\n[+]plugins ok\nreadyz check passed\n")
            problem.set("secret reason")
            let failed = try await server.send("GET", "/readyz")
            #expect(failed.status == 500)
            #expect(failed.body.contains("[-]plugins failed: reason withheld") && !failed.body.contains("secret"))
            #expect(try await server.send("GET", "/readyz?exclude=plugins").status == 200)
            #expect(try await server.send("GET", "/readyz/plugins").status == 500)
            #expect(try await server.send("GET", "/livez").body == "ok")
            #expect(try await server.send("GET", "/version/").json["gitVersion"] == "v1.33.0+gateway.1.2.3")
        }
    }
}
