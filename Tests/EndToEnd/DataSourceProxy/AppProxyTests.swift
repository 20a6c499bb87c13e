import Foundation
import Testing

/// Routes of app plugins: patterns, each with its own secrets.
@Suite(.timeLimit(.minutes(5)))
struct AppProxyTests {
    private static let root = "/apis/app.example.com/v1/namespaces/default/app/instance/proxy"

    private static let gateway = Result {
        let upstream = "http://127.0.0.1:\(try Shared.upstream.get().port)"
        return try Gateway(plugins: { folder in
            let key = #"[{"name": "X-Key", "content": "{{ .SecureJsonData.KEY }}"}]"#
            func headers(_ name: String) -> String { key.replacingOccurrences(of: "KEY", with: name) }
            try folder.write(
                "plugins/my-app/plugin.json",
                #"""
                {"id": "my-app", "type": "app", "name": "my-app", "info": {}, "routes": [
                  {"path": "api/internal/v1/*", "method": "*", "url": "\#(upstream)/{{ .JsonData.place }}",
                   "headers": \#(headers("internal"))},
                  {"path": "api", "method": "GET", "url": "\#(upstream)/one", "headers": \#(headers("api"))},
                  {"path": "users/:id/posts", "url": "\#(upstream)/posts/", "headers": \#(headers("users"))},
                  {"path": "admin/*", "reqRole": "Admin", "url": "\#(upstream)", "headers": \#(headers("admin"))}]}
                """#)
            try folder.write(
                "provisioning/plugins/app.yaml",
                """
                apiVersion: 1
                apps:
                  - type: my-app
                    jsonData: {place: base}
                    secureJsonData: {internal: for-internal, api: for-api, users: for-users, admin: for-admin}

                """)
            try folder.write(
                "manifests/app.yaml",
                ShowcaseGateway.manifest(
                    group: "app.example.com", pluginID: "my-app", type: "app", services: ["datasource-proxy"]))
        })
    }

    private func ask(_ path: String, _ method: String = "GET") throws -> Answer {
        try Self.gateway.get().request(method, Self.root + path)
    }

    @Test(arguments: [
        ("/api/internal/v1/a/b?x=1", "POST", "/base/a/b?x=1", "for-internal"),
        ("/api/internal/v1/a%2Fb/", "DELETE", "/base/a%2Fb", "for-internal"), ("/api", "GET", "/one", "for-api"),
        ("/api/", "GET", "/one", "for-api"), ("/users/7/posts", "PUT", "/posts/", "for-users"),
        ("//users/7//posts", "GET", "/posts/", "for-users"),
    ])
    func `a request goes where its route says, with that route's secret`(
        path: String, method: String, target: String, key: String
    ) throws {
        let answer = try ask(path, method)
        #expect(answer.status == 200 && answer.json["target"] as? String == target, "\(answer.text)")
        let keys = (answer.json["headers"] as? [[String]] ?? []).filter { $0[0] == "X-Key" }.map { $0[1] }
        #expect(keys == [key])
    }

    @Test(arguments: [
        ("/apiary", "GET"), ("/api/x", "GET"), ("/api", "POST"), ("/API", "GET"), ("/api/internal/v1", "GET"),
        ("/api/internal/v10/x", "GET"), ("/users/posts", "GET"), ("/users/7/posts/8", "GET"), ("", "GET"),
    ])
    func `what no route is for is 404, and nothing is sent`(path: String, method: String) throws {
        let mark = "unsent-\(UUID().uuidString)"
        let answer = try ask("\(path)?\(mark)", method)
        #expect(answer.status == 404 && answer.isStatus, "\(answer.status) \(answer.text)")
        #expect(try Shared.upstream.get().recorded(mark).isEmpty)
    }

    @Test func `an encoded slash leads past no route`() throws {
        #expect(try ask("/admin/x").status == 200)
        let answer = try ask("/admin%2Fx?unsent-admin")
        #expect(answer.status == 400 && answer.message.contains("%2F"), "\(answer.text)")
        #expect(try Shared.upstream.get().recorded("unsent-admin").isEmpty)
    }
}
