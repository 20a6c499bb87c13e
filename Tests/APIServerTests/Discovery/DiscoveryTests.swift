import DataPlaneAPI
import Testing

@testable import APIServer
@testable import Bytes

struct DiscoveryTests {
    private static let v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    private static let v2beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

    private func names(_ reply: Reply) -> [String] {
        (reply.json["groups"] ?? reply.json["items"])?.asArray?.compactMap {
            ($0["name"] ?? $0["metadata"]?["name"])?.asString
        } ?? []
    }

    private static func claim(_ core: inout APIServerCore) {
        core.claims = {
            [
                ClaimedGroup(
                    name: "weather.example.org",
                    versions: [.init(name: "v1", sources: [.query, .dataSourceProxy]), .init(name: "v1beta1")])
            ]
        }
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
                #expect(resource?["categories"] == ["dataplane", "all"] && resource?["shortNames"] == ["dps"])
                #expect(resource?["subresources"]?[0]?["subresource"] == "status")
                #expect(names(reply) == ["aggregation.grafana.app", "weather.example.org"])
            }
        }
    }

    /// Without a resource list of `v1` kubectl knows no `kind: List`.
    @Test func `the core group has version v1 in every form`() async throws {
        try await TestServer.with { server in
            let core = try await server.send("GET", "/api", headers: ["Accept": Self.v2])
            let item = core.json["items"]?[0]
            #expect(item?["metadata"]?["name"] == "" && item?["versions"]?[0]?["version"] == "v1")
            #expect(item?["versions"]?[0]?["freshness"] == "Current")
            let aggregated = item?["versions"]?[0]?["resources"]?.asArray?.compactMap { $0["resource"]?.asString }
            #expect(aggregated == ["events", "services"])
            let legacy = try await server.send("GET", "/api").json
            #expect(legacy["kind"] == "APIVersions" && legacy["versions"] == ["v1"])
            #expect(
                legacy["serverAddressByClientCIDRs"] == [["clientCIDR": "0.0.0.0/0", "serverAddress": "localhost"]])
            let list = try await server.send("GET", "/api/v1").json
            #expect(list["kind"] == "APIResourceList" && list["groupVersion"] == "v1")
            #expect(list["resources"]?.asArray?.compactMap { $0["name"]?.asString } == ["events", "services"])
            for path in ["/api/v1/nodes", "/api/v1/query", "/api/v2", "/api/dashboards/home"] {
                #expect(try await server.send("GET", path).body == "delegate", "\(path)")
            }
        }
    }

    @Test func `the core group's resources are empty lists`() async throws {
        try await TestServer.with { server in
            let space = "/api/v1/namespaces/default"
            for (path, kind) in [
                ("\(space)/services", "ServiceList"), ("/api/v1/services", "ServiceList"),
                ("\(space)/events?fieldSelector=involvedObject.name%3Dx", "EventList"), ("/api/v1/events", "EventList"),
            ] {
                let list = try await server.send("GET", path)
                #expect(list.status == 200 && list.json["kind"]?.asString == kind, "\(path): \(list.body)")
                #expect(list.json["apiVersion"] == "v1" && list.json["items"] == [])
            }
            let table = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
            #expect(try await server.send("GET", "\(space)/events", headers: table).json["rows"] == [])
            let missing = try await server.send("GET", "\(space)/services/grafana")
            #expect(missing.status == 404 && missing.json["message"] == #"services "grafana" not found"#)
            for method in ["POST", "DELETE"] {
                let refused = try await server.send(method, "\(space)/events", "{}")
                #expect(refused.status == 405 && refused.field("Allow") == "GET", "\(refused)")
            }
        }
    }

    @Test func `a claimed version shows the subresources of the services that objects have`() async throws {
        try await TestServer.with(configure: { core in
            core.claims = {
                [
                    ClaimedGroup(
                        name: "acme.example.org",
                        versions: [
                            .init(name: "v1", sources: [.query, .stream], app: [.resource, .health]),
                            .init(name: "v2", app: [.dataSourceProxy]), .init(name: "v3"),
                        ])
                ]
            }
        }) { server in
            func names(_ version: String) async throws -> [String] {
                let list = try await server.send("GET", "/apis/acme.example.org/\(version)").json
                return list["resources"]?.asArray?.compactMap { $0["name"]?.asString } ?? ["none"]
            }
            #expect(
                try await names("v1") == [
                    "datasources/query", "datasources/stream", "connections/query", "connections/stream",
                    "app/resources", "app/health",
                ])
            #expect(try await names("v2") == ["app/proxy"])
            #expect(try await names("v3") == [])
            let all = try await server.send("GET", "/apis", headers: ["Accept": Self.v2]).json
            let versions = all["items"]?[1]?["versions"]
            #expect(versions?[1]?["resources"]?[0]?["subresources"]?[0]?["subresource"] == "proxy")
            #expect(versions?[2]?["resources"] == [])
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
            core.use { _, accept, _ in Self.document(accept.contains("as=") ? aggregated : legacy) }
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
        try await TestServer.with(configure: { $0.use { _, _, _ in document } }) { server in
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
