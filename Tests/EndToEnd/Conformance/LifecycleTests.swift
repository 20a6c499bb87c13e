import Foundation
import Testing

/// Objects that change, and plugins that aren't there.
@Suite(.timeLimit(.minutes(5)))
struct LifecycleTests {
    private static let json = [("Content-Type", "application/json")]
    private static let review = """
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"CREATE",
        "kind":{"group":"","version":"v1","kind":"Pod"},"object":{"metadata":{}}}}
        """

    @Test func `LC-03 other services of an object take the place of the old ones`() throws {
        let gateway = try ShowcaseGateway.start()
        let service = Gateway.Service(group: "changing.example", pluginID: "showcase")
        let watch = try ServiceWatch(gateway)
        #expect(try gateway.create(service).status == 201)
        try watch.wait(service.name) { $0.isAvailable }
        let query = "/apis/changing.example/v1/namespaces/default/datasources/demo/query"
        let mutate = "/apis/changing.example/v1/admission/mutate"
        let body = QueryCase.queries(#"{"refId":"A","points":1}"#)
        #expect(try gateway.request("POST", query, body: body).status == 200)
        // Without an upstream the API server answers what nobody claims, as one of its own paths.
        let none = try gateway.request("POST", mutate, Self.json, body: Self.review)
        #expect([404, 405].contains(none.status) && none.isStatus, "\(none.status) \(none.text)")
        let changed = try gateway.patch(service.name, #"{"spec":{"services":[{"type":"admission"}]}}"#)
        #expect(changed.status == 200, "\(changed.text)")
        try watch.wait(service.name) { state in
            state.object.at("status.conditions.0.observedGeneration") as? Int == 2 && state.isAvailable
        }
        let gone = try gateway.request("POST", query, body: body)
        #expect([404, 405].contains(gone.status) && gone.isStatus, "\(gone.status) \(gone.text)")
        #expect(try gateway.request("POST", mutate, Self.json, body: Self.review).status == 200)
        // LC-04: a group doesn't move.
        let moved = try gateway.patch(service.name, #"{"spec":{"group":"moved.example"}}"#)
        #expect(moved.status == 422 && moved.message.contains("spec.group"), "\(moved.text)")
    }

    /// In Grafana the plugin context comes from a database and may fail; here it lies in memory, and what can be missing
    /// is the plugin (503), the namespace (404) or the data source (404).
    @Test func `AD-21 HE-01 HE-02 what a call needs and isn't there is said`() throws {
        let gateway = try Gateway(
            plugins: { folder in
                try folder.write(
                    "manifests/absent.yaml",
                    ShowcaseGateway.manifest(
                        group: "absent.example", pluginID: "absent", services: ["health", "admission"]))
            }, sources: [.init(uid: "there", type: "absent"), .init(uid: "foreign", type: "loki")])
        for what in ["mutate", "validate"] {
            let answer = try gateway.request(
                "POST", "/apis/absent.example/v1/admission/\(what)", Self.json, body: Self.review)
            #expect(answer.status == 503 && answer.isStatus, "\(answer.text)")
            #expect(answer.message.contains("absent"), "\(answer.message)")
        }
        let root = "/apis/absent.example/v1/namespaces"
        for (path, status, word) in [
            ("\(root)/default/datasources/test-ds/health", 404, #""test-ds" not found"#),
            ("\(root)/default/datasources/there/health", 503, "plugin absent is not installed"),
            ("\(root)/elsewhere/datasources/there/health", 404, "elsewhere"),
            ("\(root)/default/datasources/foreign/health", 400, "loki"),
        ] {
            let answer = try gateway.request("GET", path)
            #expect(answer.status == status && answer.isStatus, "\(path): \(answer.text)")
            #expect(answer.message.contains(word), "\(path): \(answer.message)")
        }
    }
}
