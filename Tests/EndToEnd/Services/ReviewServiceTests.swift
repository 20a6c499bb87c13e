import Foundation
import Testing

/// The services `admission` and `conversion` through a plugin, asked as an API server asks.
@Suite(.timeLimit(.minutes(5)))
struct ReviewServiceTests {
    private static let json = [("Content-Type", "application/json")]

    /// A review as kube-apiserver sends it.
    private func review(
        version: String = "v1", operation: String = "CREATE", object: String = "null", old: String = "null"
    ) -> String {
        """
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/\(version)","request":{
        "uid":"705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind":{"group":"showcase.example","version":"v1","kind":"Widget"},
        "resource":{"group":"showcase.example","version":"v1","resource":"widgets"},
        "requestKind":{"group":"showcase.example","version":"v1","kind":"Widget"},
        "requestResource":{"group":"showcase.example","version":"v1","resource":"widgets"},
        "name":"w1","namespace":"default","operation":"\(operation)",
        "userInfo":{"username":"admin","uid":"014fbff9a07c","groups":["system:authenticated"],
        "extra":{"some-key":["some-value1"]}},
        "object":\(object),"oldObject":\(old),"dryRun":false,
        "options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1","fieldManager":"kubectl-create"}}}
        """
    }

    private func ask(_ what: String, _ body: String, _ headers: [(String, String)] = Self.json) throws -> Answer {
        try ShowcaseGateway.shared.get().request("POST", "\(ShowcaseGateway.root)/\(what)", headers, body: body)
    }

    private func widget(replicas: Int) -> String {
        #"{"apiVersion":"showcase.example/v1","kind":"Widget","metadata":{"name":"w1","labels":{"a/b":"c"}},"#
            + #""spec":{"big":9007199254740993,"replicas":\#(replicas)}}"#
    }

    @Test(arguments: ["v1", "v1beta1"])
    func `validation allows and refuses in the version asked`(version: String) throws {
        let good = try ask("admission/validate", review(version: version, object: widget(replicas: 3)))
        #expect(good.status == 200, "\(good.text)")
        #expect(good["Content-Type"] == "application/json")
        #expect(good.json["apiVersion"] as? String == "admission.k8s.io/\(version)")
        #expect(good.json["kind"] as? String == "AdmissionReview")
        #expect(good.json.at("response.uid") as? String == "705ab4f5-6393-11e8-b7cc-42010a800002")
        #expect(good.json.at("response.allowed") as? Bool == true)
        #expect(good.json.at("response.patch") == nil && good.json.at("response.status") == nil)
        let bad = try ask("admission/validate", review(version: version, object: widget(replicas: 11)))
        #expect(bad.status == 200)
        #expect(bad.json.at("response.allowed") as? Bool == false)
        #expect(bad.json.at("response.status.code") as? Int == 422)
        #expect(bad.json.at("response.status.reason") as? String == "Invalid")
        #expect(bad.json.at("response.status.message") as? String == "spec.replicas: 11 is more than 10")
    }

    @Test func `a mutation is a patch of what changes and nothing else`() throws {
        let answer = try ask("admission/mutate", review(object: widget(replicas: 3)))
        #expect(answer.json.at("response.allowed") as? Bool == true, "\(answer.text)")
        #expect(answer.json.at("response.patchType") as? String == "JSONPatch")
        #expect(answer.json.at("response.warnings") as? [String] == ["the showcase labels everything"])
        let patch = try #require((answer.json.at("response.patch") as? String).flatMap { Data(base64Encoded: $0) })
        #expect(
            String(decoding: patch, as: UTF8.self)
                == #"[{"op":"add","path":"/metadata/labels/showcase","value":"true"}]"#)
    }

    @Test func `nothing is patched on deletion`() throws {
        let answer = try ask("admission/mutate", review(operation: "DELETE", old: widget(replicas: 3)))
        #expect(answer.json.at("response.allowed") as? Bool == true, "\(answer.text)")
        #expect(answer.json.at("response.patch") == nil)
        let connect = try ask(
            "admission/validate", review(operation: "CONNECT", object: #"{"kind":"PodExecOptions","apiVersion":"v1"}"#))
        #expect(connect.json.at("response.allowed") as? Bool == true, "\(connect.text)")
    }

    @Test(arguments: ["admission/validate", "admission/mutate", "conversion"])
    func `anything but JSON is 415`(what: String) throws {
        for type in ["text/plain", "application/yaml", "application/jsonx"] {
            let answer = try ask(what, "{}", [("Content-Type", type)])
            #expect(answer.status == 415 && answer.isStatus, "\(type): \(answer.text)")
        }
        #expect(try ask(what, "{}", []).status == 415)
        // Parameters are no matter; what is wrong then is the body.
        let parameter = try ask(what, "{}", [("Content-Type", "application/json; charset=utf-8")])
        #expect(parameter.status == 400 && parameter.isStatus, "\(parameter.text)")
    }

    @Test func `a review that can't be one is 400 and names the field`() throws {
        let version = try ask("admission/validate", review(version: "v2"))
        #expect(version.status == 400 && version.message.contains("apiVersion"), "\(version.text)")
        let kind = try ask("conversion", review())
        #expect(kind.status == 400 && kind.message.contains("kind"), "\(kind.text)")
        #expect(try ask("admission/mutate", "{").status == 400)
    }

    @Test func `objects are converted in order`() throws {
        let objects = (1...3).map {
            #"{"apiVersion":"showcase.example/v1","kind":"Widget","metadata":{"name":"w\#($0)"},"spec":{"size":\#($0)}}"#
        }
        let answer = try ask(
            "conversion",
            """
            {"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"u-1",
            "desiredAPIVersion":"showcase.example/v2","objects":[\(objects.joined(separator: ","))]}}
            """)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json.at("response.uid") as? String == "u-1")
        #expect(answer.json.at("response.result.status") as? String == "Success")
        let converted = try #require(answer.json.at("response.convertedObjects") as? [[String: Any]])
        #expect(converted.map { $0.at("metadata.name") as? String } == ["w1", "w2", "w3"])
        #expect(converted.map { $0.at("spec.replicas") as? Int } == [1, 2, 3])
        #expect(converted.allSatisfy { $0["apiVersion"] as? String == "showcase.example/v2" })
        #expect(converted.allSatisfy { $0.at("spec.size") == nil })
    }
}
