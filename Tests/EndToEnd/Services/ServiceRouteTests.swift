import Foundation
import Testing

/// Which paths and methods the services have, and how objects bound them.
@Suite(.timeLimit(.minutes(5)))
struct ServiceRouteTests {
    @Test(arguments: [
        ("DELETE", "\(ShowcaseGateway.source)/query", "POST"),
        ("POST", "\(ShowcaseGateway.source)/health", "GET, HEAD"),
        ("PUT", "\(ShowcaseGateway.source)/stream/ticks", "GET, POST"),
        ("POST", "\(ShowcaseGateway.root)/metrics", "GET, HEAD"),
        ("GET", "\(ShowcaseGateway.root)/admission/mutate", "POST"),
        ("GET", "\(ShowcaseGateway.root)/admission/validate", "POST"),
        ("PUT", "\(ShowcaseGateway.root)/conversion", "POST"), ("DELETE", "\(ShowcaseGateway.app)/health", "GET, HEAD"),
    ])
    func `HE-11 a method that a service lacks is 405`(method: String, path: String, allowed: String) throws {
        let answer = try ShowcaseGateway.shared.get().request(method, path)
        #expect(answer.status == 405 && answer.isStatus, "\(answer.text)")
        #expect(answer["Allow"] == allowed)
    }

    @Test func `an app has its services below its instance`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let app = ShowcaseGateway.app
        let resource = try gateway.request("PUT", "\(app)/resources/echo/x?y=1", body: "b")
        #expect(resource.status == 200 && resource.json["url"] as? String == "echo/x?y=1", "\(resource.text)")
        #expect(try gateway.request("GET", "\(app)/health").json["code"] as? Int == 1)
        let stream = try BodyLines(gateway, "\(app)/stream/ticks")
        #expect(try stream.json()["type"] as? String == "subscribed")
        let off = try gateway.request(
            "GET", app.replacingOccurrences(of: "default", with: "org-2") + "/health")
        #expect(off.status == 404 && off.isStatus && off.message.contains("showcase-app"), "\(off.text)")
        // There are no data sources of an app, and no instance of a data source.
        #expect(
            try gateway.request("GET", "/apis/showcase-app.example/v1/namespaces/default/datasources/demo/health")
                .status
                == 404)
        #expect(
            try gateway.request("GET", "/apis/showcase.example/v1/namespaces/default/app/instance/health").status == 404
        )
    }

    @Test func `what the plugin lacks is 501 and shows in the condition`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let watch = try ServiceWatch(gateway)
        // What is missing is found out one by one.
        let lacking = ["admission", "conversion", "metrics", "resource", "stream"]
        let state = try watch.wait("v1.lacking.example") { state in
            state.condition("PluginReady") == "False ServiceTypeNotImplemented"
                && lacking.allSatisfy { state.message("PluginReady").contains($0) }
        }
        #expect(!state.message("PluginReady").contains("query"))
        let source = "/apis/lacking.example/v1/namespaces/default/datasources/testds"
        let json = [("Content-Type", "application/json")]
        let review =
            #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1","operation":"CREATE","#
            + #""kind":{"group":"","version":"v1","kind":"Pod"},"object":{}}}"#
        let conversion =
            #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"1","#
            + #""desiredAPIVersion":"g/v2","objects":[]}}"#
        for (method, path, body) in [
            ("GET", "\(source)/resources/x", nil), ("GET", "\(source)/stream/x", nil),
            ("POST", "\(source)/stream/x", "{}"), ("GET", "/apis/lacking.example/v1/metrics", nil),
            ("POST", "/apis/lacking.example/v1/admission/validate", review),
            ("POST", "/apis/lacking.example/v1/admission/mutate", review),
            ("POST", "/apis/lacking.example/v1/conversion", conversion),
        ] as [(String, String, String?)] {
            let answer = try gateway.request(method, path, json, body: body)
            #expect(answer.status == 501 && answer.isStatus, "\(method) \(path): \(answer.status) \(answer.text)")
            if path.contains("/stream/") {
                let call = method == "GET" ? "Stream/SubscribeStream" : "Stream/PublishStream"
                #expect(answer.message.contains("does not implement \(call)"), "\(answer.text)")
            }
        }
        #expect(try gateway.request("GET", "\(source)/health").status == 200)
    }

    @Test func `DQ-03 an object's limits hold for its requests`() throws {
        let gateway = try ShowcaseGateway.start { folder in
            try TestPlugins.install("testds", in: folder)
            try folder.write(
                "manifests/limited.yaml",
                ShowcaseGateway.manifest(
                    group: "limited.example", pluginID: "showcase", services: ["query", "resource", "admission"],
                    more: "  limits:\n    maxConcurrentRequests: 1\n    maxRequestBytes: 1000\n"))
            try folder.write(
                "manifests/hasty.yaml",
                ShowcaseGateway.manifest(
                    group: "hasty.example", pluginID: "testds", services: ["query"],
                    more: "  limits:\n    timeoutSeconds: 1\n"))
        }
        try gateway.waitForPlugin("testds")
        let source = "/apis/limited.example/v1/namespaces/default/datasources/demo"
        let slow = try BodyLines(gateway, "\(source)/resources/count")
        #expect(try slow.next() == "1")
        let busy = try gateway.request("GET", "\(source)/resources/echo")
        #expect(busy.status == 429 && busy.isStatus, "\(busy.text)")
        #expect(busy.message.contains("maxConcurrentRequests"), "\(busy.message)")
        #expect(busy["Retry-After"] != nil)
        // Other objects of the plugin are not concerned.
        #expect(try gateway.request("GET", "\(ShowcaseGateway.source)/resources/echo").status == 200)
        #expect(try slow.remaining().last == "10")
        #expect(try gateway.request("GET", "\(source)/resources/echo").status == 200)
        let long = String(repeating: "x", count: 1001)
        for (path, body) in [
            ("\(source)/resources/echo", long), ("\(source)/query", QueryCase.queries("{\"x\":\"\(long)\"}")),
            ("/apis/limited.example/v1/admission/validate", long),
        ] {
            let answer = try gateway.request("POST", path, [("Content-Type", "application/json")], body: body)
            #expect(answer.status == 413 && answer.isStatus, "\(path): \(answer.status) \(answer.text.prefix(300))")
        }
        let late = try gateway.request(
            "POST", "/apis/hasty.example/v1/namespaces/default/datasources/testds/query",
            body: QueryCase.queries(#"{"refId":"A","do":"sleep","ms":60000}"#))
        #expect(late.status == 504 && late.isStatus, "\(late.text)")
    }

    @Test func `LC-02 the routes go with their object`() throws {
        let gateway = try ShowcaseGateway.start()
        let path = "/apis/shortlived.example/v1/namespaces/default/datasources/demo"
        #expect(try gateway.request("GET", "\(path)/health").status == 404)
        let manifest = ShowcaseGateway.manifest(
            group: "shortlived.example", pluginID: "showcase", services: ["health", "resource", "stream"])
        let made = try gateway.request(
            "POST", Gateway.services, [("Content-Type", "application/yaml")], body: manifest)
        #expect(made.status == 201, "\(made.text)")
        let watch = try ServiceWatch(gateway)
        try watch.wait("v1.shortlived.example") { $0.isAvailable }
        #expect(try gateway.request("GET", "\(path)/health").status == 200)
        #expect(try gateway.delete("v1.shortlived.example").status == 200)
        try watch.wait("v1.shortlived.example") { $0.event == "DELETED" }
        // The table changes after the event; the connection of each request may belong to another loop.
        var answer = try gateway.request("GET", "\(path)/health")
        let deadline = Date(timeIntervalSinceNow: 5)
        while answer.status == 200, Date() < deadline { answer = try gateway.request("GET", "\(path)/health") }
        #expect(answer.status == 404, "\(answer.text)")
        #expect(try gateway.request("GET", "\(path)/resources/echo").status == 404)
        #expect(try gateway.request("GET", "\(ShowcaseGateway.source)/health").status == 200)
    }
}
