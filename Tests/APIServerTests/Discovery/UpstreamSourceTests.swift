import Bytes
import DataPlaneAPI
import HTTPKit
import Testing

@testable import APIServer

/// What one caller's credential has brought is never shown to somebody whom the upstream doesn't know.
struct UpstreamSourceTests {
    /// An upstream that knows some credentials, and counts its questions by credential.
    private final class Upstream: Sendable {
        let known: Box<Set<String>>
        let asked = Box<[String]>([])
        let isDown = Box(false)
        let body: String

        init(_ known: Set<String>, body: String = Upstream.aggregated) {
            self.known = Box(known)
            self.body = body
        }

        static let aggregated = #"""
            {"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"foo.example.com"},"versions":[{"version":"v1",
             "resources":[{"resource":"foos","scope":"Namespaced","singularResource":"foo","verbs":["get"],
             "responseKind":{"group":"foo.example.com","version":"v1","kind":"Foo"},"subresources":[{"subresource":"scale",
             "responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},"verbs":["get"]}]}]}]}]}
            """#

        @Sendable func fetch(_ path: String, _ accept: String, _ headers: HeaderBlock) async -> FetchedDocument? {
            let who = headers.firstValue(.authorization) ?? headers.firstValue(.cookie).map { "cookie \($0)" } ?? ""
            asked.change { $0 + ["\(path) \(who)"] }
            if isDown.current { return nil }
            guard known.current.contains(who) else {
                return FetchedDocument(status: 401, contentType: "application/json", body: [])
            }
            let text =
                switch path {
                case "/apis": body
                case "/apis/foo.example.com/v1":
                    #"{"kind":"APIResourceList","resources":[{"name":"foos","kind":"Foo","namespaced":true,"verbs":["get"]},{"name":"foos/scale","group":"autoscaling","version":"v1","kind":"Scale","namespaced":true,"verbs":["get"]}]}"#
                case "/openapi/v3": #"{"paths":{"apis/foo.example.com/v1":{"serverRelativeURL":"/x"}}}"#
                default: #"{"openapi":"3.0.0"}"#
                }
            return FetchedDocument(status: 200, contentType: "application/json", body: Array(text.utf8))
        }
    }

    private static func caller(_ credential: String, host: String = "grafana", field: String = "Authorization")
        -> DiscoveryCaller
    {
        var headers = HeaderBlock()
        headers.add("Host", host)
        headers.add("X-Other", "kept back")
        if !credential.isEmpty { headers.add(field, credential) }
        return DiscoveryCaller(headers: headers)
    }

    private static func names(_ source: UpstreamSource, _ caller: DiscoveryCaller) async -> [String] {
        await source.groups(for: caller).map(\.name)
    }

    @Test func `only those whom the upstream knows see what it has`() async {
        let upstream = Upstream(["Bearer a", "cookie grafana_session=b"])
        let source = UpstreamSource(patience: .seconds(60), fresh: .seconds(600), fetch: upstream.fetch)
        #expect(await Self.names(source, Self.caller("")) == [])
        #expect(await Self.names(source, Self.caller("Bearer wrong")) == [])
        #expect(await Self.names(source, Self.caller("Bearer a")) == ["foo.example.com"])
        #expect(await Self.names(source, Self.caller("grafana_session=b", field: "Cookie")) == ["foo.example.com"])
        // It is there now; that changes nothing for others.
        for other in ["", "Bearer wrong", "Bearer A", "grafana_session=b"] {
            #expect(await Self.names(source, Self.caller(other)) == [])
            #expect(await source.documents(for: Self.caller(other)).isEmpty)
            #expect(await source.document("foo.example.com", "v1", for: Self.caller(other)) == nil)
        }
        #expect(await source.documents(for: Self.caller("Bearer a")).isEmpty == false)
        #expect(await source.document("foo.example.com", "v1", for: Self.caller("Bearer a")) != nil)
        // Under another name the server may be another one.
        #expect(await Self.names(source, Self.caller("", host: "other")) == [])
        // Each was asked about once, and again for each document.
        let asked = upstream.asked.current.filter { $0 == "/apis Bearer a" }
        #expect(asked.count == 1, "\(upstream.asked.current)")
    }

    @Test func `an upstream that tells everybody is asked without a credential`() async {
        let upstream = Upstream([""])
        let source = UpstreamSource(patience: .seconds(60), fresh: .seconds(600), fetch: upstream.fetch)
        for credential in ["", "Bearer a", ""] {
            #expect(await Self.names(source, Self.caller(credential)) == ["foo.example.com"])
        }
        #expect(upstream.asked.current.filter { $0 == "/apis " }.count == 1)
    }

    @Test func `with a token it is read by that, and still shown only to those whom the upstream knows`() async {
        let upstream = Upstream(["Bearer token", "Bearer a"])
        let source = UpstreamSource(
            token: { "token" }, host: "upstream", patience: .seconds(60), fetch: upstream.fetch)
        #expect(await Self.names(source, Self.caller("")) == [])
        #expect(!upstream.asked.current.contains("/apis Bearer token"))
        #expect(await Self.names(source, Self.caller("Bearer a")) == ["foo.example.com"])
        #expect(upstream.asked.current.contains("/apis Bearer token"))
        // One that is refused leaves callers' own.
        let other = Upstream(["Bearer a"])
        let refused = UpstreamSource(token: { "bad" }, patience: .seconds(60), fetch: other.fetch)
        _ = await Self.names(refused, Self.caller("Bearer a"))
        other.known.change { $0.union(["Bearer b"]) }
        #expect(await Self.names(refused, Self.caller("Bearer b")) == ["foo.example.com"])
    }

    @Test func `one that is gone makes nobody unknown, and nothing vanishes`() async {
        let upstream = Upstream(["Bearer a"])
        let source = UpstreamSource(patience: .seconds(60), fetch: upstream.fetch)
        #expect(await Self.names(source, Self.caller("Bearer a")) == ["foo.example.com"])
        upstream.isDown.set(true)
        #expect(await Self.names(source, Self.caller("Bearer a")) == ["foo.example.com"])
        #expect(await Self.names(source, Self.caller("Bearer b")) == [])
    }

    @Test func `an upstream that knows the older form only shows the same`() async {
        let older =
            #"{"kind":"APIGroupList","groups":[{"name":"foo.example.com","versions":[{"groupVersion":"foo.example.com/v1","version":"v1"}]}]}"#
        func groups(_ body: String) async -> [DiscoveryGroup] {
            await UpstreamSource(patience: .seconds(60), fetch: Upstream([""], body: body).fetch)
                .groups(for: Self.caller(""))
        }
        let (old, new) = (await groups(older).first, await groups(Upstream.aggregated).first)
        #expect(old?.resources("v1").map { $0["name"] } == ["foos", "foos/scale"])
        #expect(new?.resources("v1").map { $0["name"] } == ["foos", "foos/scale"])
        #expect(old?.resources("v1")[1]["group"] == "autoscaling" && new?.resources("v1")[1]["group"] == "autoscaling")
        #expect(old?.resources("v1")[0]["group"] == nil && old?.resources("v1")[0]["verbs"] == ["get"])
        #expect(old?.versions[0].resources[0]["subresources"]?[0]?["responseKind"]?["kind"] == "Scale")
    }

    /// A backend that hangs once held every request for 2 seconds.
    @Test func `one that hangs is waited for half a second, once`() async throws {
        try await TestServer.with(configure: { core in
            core.hasUpstream = true
            core.sources = [
                UpstreamSource(patience: .milliseconds(20)) { _, _, _ in
                    try? await Task.sleep(for: .seconds(30))
                    return nil
                }
            ]
        }) { server in
            for _ in 0..<20 {
                let groups = try await server.send("GET", "/apis").json["groups"]?.asArray
                #expect(groups?.count == 1)
            }
        }
    }
}
