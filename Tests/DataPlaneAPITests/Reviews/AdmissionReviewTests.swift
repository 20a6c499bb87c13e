import Testing

@testable import Bytes
@testable import DataPlaneAPI

struct AdmissionReviewTests {
    /// As an API server sends it, white space and all.
    static let full = #"""
        {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{
         "uid":"705ab4f5-6393-11e8-b7cc-42010a800002",
         "kind":{"group":"autoscaling","version":"v1","kind":"Scale"},
         "resource":{"group":"apps","version":"v1","resource":"deployments"},"subResource":"scale",
         "requestKind":{"group":"autoscaling","version":"v1","kind":"Scale"},
         "requestResource":{"group":"apps","version":"v1","resource":"deployments"},"requestSubResource":"scale",
         "name":"my-deployment","namespace":"my-namespace","operation":"UPDATE",
         "userInfo":{"username":"admin","uid":"014fbff9a07c","groups":["system:authenticated","my-admin-group"],
                     "extra":{"some-key":["some-value1","some-value2"]}},
         "object":{"kind":"Scale", "spec": {"replicas":9007199254740993}},
         "oldObject":{"kind":"Scale","spec":{"replicas":1}},
         "options":{"apiVersion":"meta.k8s.io/v1","kind":"UpdateOptions"},"dryRun":false}}
        """#

    static func review(
        _ operation: String = "UPDATE", version: String = "admission.k8s.io/v1",
        object: String? = #"{"foo":"bar"}"#, old: String? = #"{"bar":"foo"}"#
    ) throws -> AdmissionReview {
        var text =
            #"{"apiVersion":"\#(version)","kind":"AdmissionReview","request":{"uid":"1234","operation":"\#(operation)","#
            + #""kind":{"group":"example.k8s.io","version":"v1","kind":"Pod"}"#
        if let object { text += #","object":"# + object }
        if let old { text += #","oldObject":"# + old }
        return try AdmissionReview(Array("\(text)}}".utf8))
    }

    private func text(_ bytes: ArraySlice<UInt8>?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @Test func `AD-03 all fields of a request are read`() throws {
        let review = try AdmissionReview(Array(Self.full.utf8))
        let request = review.request
        #expect(review.apiVersion == "admission.k8s.io/v1")
        #expect(request.uid == "705ab4f5-6393-11e8-b7cc-42010a800002" && request.operation == .update)
        #expect(request.kind == GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"))
        #expect(request.resource == GroupVersionResource(group: "apps", version: "v1", resource: "deployments"))
        #expect(request.subResource == "scale" && request.requestSubResource == "scale")
        #expect(request.requestKind == request.kind && request.requestResource == request.resource)
        #expect(request.name == "my-deployment" && request.namespace == "my-namespace" && !request.dryRun)
        #expect(request.user.username == "admin" && request.user.uid == "014fbff9a07c")
        #expect(request.user.groups == ["system:authenticated", "my-admin-group"])
        #expect(request.user.extra == ["some-key": ["some-value1", "some-value2"]])
        #expect(text(request.options) == #"{"apiVersion":"meta.k8s.io/v1","kind":"UpdateOptions"}"#)
        // Byte for byte as it was sent, spaces and long numbers included.
        #expect(text(request.object) == #"{"kind":"Scale", "spec": {"replicas":9007199254740993}}"#)
    }

    @Test func `AD-04 a request becomes the plugin's`() throws {
        let request = try Self.review().request
        #expect(request.operation.number == 1)
        #expect(text(request.object) == #"{"foo":"bar"}"# && text(request.oldObject) == #"{"bar":"foo"}"#)
        #expect(request.kind == GroupVersionKind(group: "example.k8s.io", version: "v1", kind: "Pod"))
    }

    @Test(arguments: [("CREATE", 0), ("UPDATE", 1), ("DELETE", 2), ("CONNECT", 3)] as [(String, Int32)])
    func `AD-19 operations have their numbers`(_ word: String, _ number: Int32) throws {
        #expect(try Self.review(word).request.operation.number == number)
    }

    @Test(arguments: [nil, "null"] as [String?])
    func `a DELETE has an old object only and a CREATE a new one only`(_ absent: String?) throws {
        let delete = try Self.review("DELETE", object: absent).request
        #expect(delete.object == nil && text(delete.oldObject) == #"{"bar":"foo"}"#)
        let create = try Self.review("CREATE", old: absent).request
        #expect(create.oldObject == nil && text(create.object) == #"{"foo":"bar"}"#)
        #expect(try Self.review("DELETE").request.object == nil)
    }

    @Test func `AD-15 the older version is read and answered in the same version`() throws {
        let review = try Self.review(version: "admission.k8s.io/v1beta1")
        let answer = try JSONValue.parse(review.validationResponse(AdmissionAnswer(allowed: true)))
        #expect(answer["apiVersion"] == "admission.k8s.io/v1beta1" && answer["response"]?["uid"] == "1234")
    }

    @Test(arguments: [
        (#"{"kind":"AdmissionReview","request":{}}"#, "apiVersion"),
        (#"{"apiVersion":"admission.k8s.io/v1","request":{}}"#, "kind"),
        (#"{"kind":"Pod","apiVersion":"admission.k8s.io/v1"}"#, "kind"),
        (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2"}"#, "apiVersion"),
        (#"{"kind":"AdmissionReview","apiVersion":1}"#, "apiVersion"), ("[]", "the body"), ("1", "the body"),
    ])
    func `a body that is no review is a 400 that names the field`(_ text: String, _ field: String) throws {
        let error = try #require(throws: GatewayError.self) { try AdmissionReview(Array(text.utf8)) }
        #expect(error.httpStatus == 400 && error.causes.first?.field == field)
    }

    @Test(arguments: [
        ("null", "request"), ("5", "request"), ("{}", "request.uid"), (#"{"uid":""}"#, "request.uid"),
        (#"{"uid":7}"#, "request.uid"), (#"{"uid":"u"}"#, "request.operation"),
        // AD-18
        (#"{"uid":"u","operation":"PATCH"}"#, "request.operation"),
        (#"{"uid":"u","operation":"create"}"#, "request.operation"),
        (#"{"uid":"u","operation":"CREATE"}"#, "request.kind"),
        (#"{"uid":"u","operation":"CREATE","kind":{"kind":""}}"#, "request.kind"),
        (#"{"uid":"u","operation":"CREATE","kind":{"kind":1}}"#, "request.kind.kind"),
        (#"{"uid":"u","operation":"CREATE","kind":{"kind":"K"},"resource":[]}"#, "request.resource"),
        (#"{"uid":"u","operation":"CREATE","kind":{"kind":"K"},"object":"x"}"#, "request.object"),
        (#"{"uid":"u","operation":"CREATE","kind":{"kind":"K"},"oldObject":[]}"#, "request.oldObject"),
        (#"{"uid":"u","operation":"CREATE","kind":{"kind":"K"},"dryRun":"no"}"#, "request.dryRun"),
        (
            #"{"uid":"u","operation":"CREATE","kind":{"kind":"K"},"userInfo":{"groups":["g",1]}}"#,
            "request.userInfo.groups[1]"
        ),
        (
            #"{"uid":"u","operation":"CREATE","kind":{"kind":"K"},"userInfo":{"extra":{"k":"v"}}}"#,
            "request.userInfo.extra[k]"
        ),
        (#"{"uid":"u","uid":"v","operation":"CREATE","kind":{"kind":"K"}}"#, "request.uid"),
        (#"{"uid":"u","operation":"CREATE","kind":{"kind":"K","kind":"L"}}"#, "request.kind.kind"),
    ])
    func `AD-17 a request with a bad field is a 400 that names it`(_ request: String, _ field: String) throws {
        let text = #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":\#(request)}"#
        let error = try #require(throws: GatewayError.self) { try AdmissionReview(Array(text.utf8)) }
        #expect(error.httpStatus == 400 && error.causes.first?.field == field)
    }

    @Test(arguments: [
        "", "{", "{\"a\":1}x", "nope", "{\"kind\":\"AdmissionReview\",\"request\":{\"object\":{]}}", "\u{FEFF}{}",
    ])
    func `AD-16 what isn't JSON is a 400`(_ text: String) throws {
        let error = try #require(throws: GatewayError.self) { try AdmissionReview(Array(text.utf8)) }
        #expect(error.httpStatus == 400)
    }

    @Test func `an object may be as deep as a stored one and no deeper`() throws {
        let object = { (depth: Int) in
            String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
        }
        #expect(throws: Never.self) { try Self.review(object: object(128)) }
        #expect(throws: GatewayError.self) { try Self.review(object: object(129)) }
    }

    @Test(arguments: ["application/json", "application/json; charset=utf-8", " Application/JSON ;x"])
    func `AD-13 content types with parameters are accepted`(_ value: String) {
        #expect(throws: Never.self) { try Review.checkContentType(value) }
    }

    @Test(arguments: [nil, "", "text/plain", "application/jsonp", "application/yaml", ";application/json"])
    func `AD-12 and AD-14 other content types are a 415`(_ value: String?) throws {
        let error = try #require(throws: GatewayError.self) { try Review.checkContentType(value) }
        #expect(error.httpStatus == 415 && error.message == "contentType=\(value ?? ""), expect application/json")
    }
}
