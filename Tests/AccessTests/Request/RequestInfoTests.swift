import Access
import Bytes
import DataPlaneAPI
import Testing

/// Paths are read as Kubernetes' request info resolver reads them.
struct RequestInfoTests {
    struct Case: Sendable {
        var method: String
        var target: String
        /// `verb group/version namespace resource/subresource name`, `-` for empty; the verb alone for a path.
        var expected: String

        init(_ method: String, _ target: String, _ expected: String) {
            self.method = method
            self.target = target
            self.expected = expected
        }
    }

    static let cases: [Case] = [
        Case("GET", "/", "get"),
        Case("GET", "/api", "get"),
        Case("GET", "/api/v1", "get"),
        Case("GET", "/apis", "get"),
        Case("GET", "/apis/g.io", "get"),
        Case("GET", "/apis/g.io/v1", "get"),
        Case("GET", "/apis/g.io/v1/", "get"),
        Case("HEAD", "/version", "head"),
        Case("GET", "/api/dashboards/home", "list -/dashboards - home/- -"),
        Case("GET", "/apis/g.io/v1/things", "list g.io/v1 - things/- -"),
        Case("HEAD", "/apis/g.io/v1/things/x", "get g.io/v1 - things/- x"),
        Case("POST", "/apis/g.io/v1/things", "create g.io/v1 - things/- -"),
        Case("PUT", "/apis/g.io/v1/things/x", "update g.io/v1 - things/- x"),
        Case("PATCH", "/apis/g.io/v1/things/x/status", "patch g.io/v1 - things/status x"),
        Case("DELETE", "/apis/g.io/v1/things/x", "delete g.io/v1 - things/- x"),
        Case("DELETE", "/apis/g.io/v1/things", "deletecollection g.io/v1 - things/- -"),
        Case("OPTIONS", "/apis/g.io/v1/things", "options g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/things?watch=1", "watch g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/things?watch=true&x=y", "watch g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/things?watch=yes", "watch g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/things?watch=false", "list g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/things?watch=0", "list g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/things?fieldSelector=metadata.name=x", "list g.io/v1 - things/- x"),
        Case("GET", "/apis/g.io/v1/things?fieldSelector=metadata.name%3Dx&w%61tch=1", "watch g.io/v1 - things/- x"),
        Case("GET", "/apis/g.io/v1/things?watch=%zz", "list g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/things/x?watch=1", "get g.io/v1 - things/- x"),
        Case("GET", "/apis/g.io/v1/watch/things", "watch g.io/v1 - things/- -"),
        Case("GET", "/apis/g.io/v1/watch", "list g.io/v1 - watch/- -"),
        Case("GET", "/apis/g.io/v1/namespaces/ns/things/x/log/more", "get g.io/v1 ns things/log x"),
        Case("GET", "/apis/g.io/v1/namespaces/ns/things", "list g.io/v1 ns things/- -"),
        Case("GET", "/api/v1/namespaces", "list -/v1 - namespaces/- -"),
        Case("GET", "/api/v1/namespaces/ns", "get -/v1 ns namespaces/- ns"),
        Case("PUT", "/api/v1/namespaces/ns/finalize", "update -/v1 ns namespaces/finalize ns"),
        Case("GET", "/api/v1/namespaces/ns/status", "get -/v1 ns namespaces/status ns"),
        Case(
            "POST", "/apis/p.app/v0/namespaces/default/datasources/u/query",
            "create p.app/v0 default datasources/query u"),
        Case(
            "POST", "/apis/p.app/v0/namespaces/default/connections/u/query",
            "create p.app/v0 default connections/query u"),
        Case(
            "GET", "/apis/p.app/v0/namespaces/default/datasources/a%2Fb/health",
            "get p.app/v0 default datasources/health a/b"),
        Case("GET", "/livez/ping", "get"),
    ]

    @Test(arguments: cases)
    func `a request is read as Kubernetes reads it`(_ example: Case) {
        let parts = example.target.split(separator: "?", maxSplits: 1)
        let info = RequestInfo(method: example.method, CanonicalPath(String(parts[0]))) {
            QueryText(parts.dropFirst().first?.utf8 ?? "".utf8[...])
        }
        func word(_ text: String) -> String { text.isEmpty ? "-" : text }
        let text =
            info.isResource
            ? "\(info.verb) \(word(info.group))/\(word(info.version)) \(word(info.namespace)) "
                + "\(word(info.resource))/\(word(info.subresource)) \(word(info.name))"
            : info.verb
        #expect(text == example.expected)
    }
}
