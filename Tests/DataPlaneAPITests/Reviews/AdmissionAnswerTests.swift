import Testing

@testable import Bytes
@testable import DataPlaneAPI

struct AdmissionAnswerTests {
    private func review(
        _ operation: String = "UPDATE", object: String? = #"{"foo":"bar"}"#
    ) throws -> AdmissionReview {
        try AdmissionReviewTests.review(operation, object: object)
    }

    private func mutation(_ answer: AdmissionAnswer, of review: AdmissionReview) throws -> String {
        String(decoding: try review.mutationResponse(answer), as: UTF8.self)
    }

    private func changed(_ text: String) -> AdmissionAnswer {
        AdmissionAnswer(allowed: true, object: ArraySlice(text.utf8))
    }

    /// The patch in a response, decoded.
    private func patch(_ response: String) throws -> String? {
        guard let text = try JSONValue.parse(response)["response"]?["patch"]?.asString else { return nil }
        return Base64.decode(text).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `AD-01 and AD-29 a mutation is answered with a patch in compact JSON`() throws {
        #expect(
            try mutation(changed(#"{"foo": "foo"}"#), of: review())
                == #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"1234","#
                + #""allowed":true,"patch":"W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9mb28iLCJ2YWx1ZSI6ImZvbyJ9XQ==","#
                + #""patchType":"JSONPatch"}}"#)
    }

    @Test func `AD-02 a refusal has the plugin's words and warnings in order`() throws {
        let answer = AdmissionAnswer(
            allowed: false,
            result: ReviewResult(status: "Failure", message: "message", reason: "NotFound", code: 404),
            warnings: ["w1", "w2"])
        #expect(
            String(decoding: try review().validationResponse(answer), as: UTF8.self)
                == #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"1234","#
                + #""allowed":false,"status":{"status":"Failure","message":"message","reason":"NotFound","code":404},"#
                + #""warnings":["w1","w2"]}}"#)
    }

    @Test func `AD-05 warnings stand beside the patch and a result of an allowed object doesn't`() throws {
        var answer = changed(#"{"key":"value2"}"#)
        answer.warnings = ["w1", "w2"]
        answer.result = ReviewResult(status: "Success", message: "fine", code: 200)
        let text = try mutation(answer, of: review(object: #"{"key":"value"}"#))
        #expect(try patch(text) == #"[{"op":"replace","path":"/key","value":"value2"}]"#)
        let response = try JSONValue.parse(text)["response"]
        #expect(response?["warnings"] == ["w1", "w2"] && response?["status"] == nil)
    }

    @Test(arguments: ["", #"{"foo":"bar"}"#, #"{ "foo" : "b\u0061r" }"#])
    func `AD-06 and AD-23 an object that doesn't change makes no patch`(_ object: String) throws {
        #expect(
            try mutation(changed(object), of: review())
                == #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"1234","allowed":true}}"#
        )
    }

    @Test func `AD-07 and AD-09 a refusal replaces the plugin's status word by Failure`() throws {
        let answer = AdmissionAnswer(
            allowed: false, result: ReviewResult(status: "Success", message: "m", reason: "R", code: 200),
            object: ArraySlice(#"{"foo":"x"}"#.utf8))
        for text in [
            try mutation(answer, of: review()),
            String(decoding: try review().validationResponse(answer), as: UTF8.self),
        ] {
            let response = try JSONValue.parse(text)["response"]
            #expect(response?["status"] == ["status": "Failure", "message": "m", "reason": "R", "code": 200])
            #expect(response?["allowed"] == false && response?["patch"] == nil && response?["patchType"] == nil)
        }
    }

    @Test func `AD-08 and AD-11 a refusal without a word is an internal error`() throws {
        let expected: JSONValue = [
            "status": "Failure", "message": "Internal error", "reason": "InternalError", "code": 500,
        ]
        let answer = AdmissionAnswer(allowed: false)
        #expect(try JSONValue.parse(review().mutationResponse(answer))["response"]?["status"] == expected)
        #expect(try JSONValue.parse(review().validationResponse(answer))["response"]?["status"] == expected)
    }

    @Test func `AD-10 a validation never has a patch`() throws {
        let response = try JSONValue.parse(review().validationResponse(changed(#"{"foo":"x"}"#)))["response"]
        #expect(response == ["uid": "1234", "allowed": true])
    }

    @Test func `AD-20 a DELETE is allowed without a patch whatever the plugin sends`() throws {
        let text = try mutation(changed(#"{"foo":"x"}"#), of: review("DELETE"))
        #expect(try JSONValue.parse(text)["response"] == ["uid": "1234", "allowed": true])
    }

    @Test func `a CONNECT with options can be changed and one without can't`() throws {
        #expect(try patch(try mutation(changed(#"{"foo":"x"}"#), of: review("CONNECT"))) != nil)
        #expect(try patch(try mutation(changed(#"{"foo":"x"}"#), of: review("CONNECT", object: nil))) == nil)
    }

    @Test(arguments: [
        (#"{"l":[1,2,3]}"#, #"{"l":[1,3]}"#, #"[{"op":"remove","path":"/l/1"}]"#),
        (
            #"{"n":9007199254740993}"#, #"{"n":9007199254740992}"#,
            #"[{"op":"replace","path":"/n","value":9007199254740992}]"#
        ),
        (#"{}"#, #"{"<b>":"&"}"#, #"[{"op":"add","path":"/<b>","value":"&"}]"#),
        (#"{"a":1,"a":2}"#, #"{"a":2}"#, nil),
    ])
    func `AD-24 on patches are exact`(_ object: String, _ new: String, _ expected: String?) throws {
        #expect(try patch(try mutation(changed(new), of: review(object: object))) == expected)
    }

    @Test(arguments: ["[]", "null", "\"x\"", "{", "\u{0}", "{}x"])
    func `a changed object that is none is the plugin's fault`(_ object: String) throws {
        let review = try review()
        let error = try #require(throws: GatewayError.self) { try review.mutationResponse(changed(object)) }
        #expect(error.httpStatus == 502 && error.source == .plugin)
    }

    @Test func `text of the plugin and the uid can't break the response`() throws {
        let answer = AdmissionAnswer(
            allowed: false, result: ReviewResult(message: "\"}</script>\u{2028}\u{0}", code: -1), warnings: ["\\\"\n"])
        let text =
            #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"\"}\u0000<","#
            + #""operation":"DELETE","kind":{"kind":"K"}}}"#
        let bytes = try AdmissionReview(Array(text.utf8)).validationResponse(answer)
        let response = try JSONValue.parse(bytes)["response"]
        #expect(response?["uid"] == "\"}\u{0}<" && response?["warnings"] == ["\\\"\n"])
        #expect(response?["status"]?["message"] == "\"}</script>\u{2028}\u{0}")
        #expect(!String(decoding: bytes, as: UTF8.self).contains("</script>"))
    }
}
