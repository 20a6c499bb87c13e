import Testing

@testable import Bytes
@testable import DataPlaneAPI

struct ConversionReviewTests {
    private static func object(_ version: String, _ index: Int, extra: String = "") -> String {
        #"{"apiVersion":"shop.example.org/\#(version)","kind":"Order","metadata":{"name":"o\#(index)","namespace":"n","#
            + #""uid":"u\#(index)"},"spec":{"big":9007199254740993}\#(extra)}"#
    }

    private static func review(_ objects: [String], desired: String = "shop.example.org/v2") throws -> ConversionReview
    {
        try ConversionReview(
            Array(
                (#"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"705ab4f5","#
                    + #""desiredAPIVersion":"\#(desired)","objects":[\#(objects.joined(separator: ","))]}}"#).utf8))
    }

    private func slices(_ texts: [String]) -> [ArraySlice<UInt8>] { texts.map { ArraySlice($0.utf8) } }

    private func message(_ bytes: [UInt8]) throws -> String {
        let response = try #require(try JSONValue.parse(bytes)["response"])
        #expect(response["uid"] == "705ab4f5" && response["convertedObjects"] == nil)
        #expect(response["result"]?["status"] == "Failure")
        return response["result"]?["message"]?.asString ?? ""
    }

    @Test func `a request is read with the objects' bytes untouched`() throws {
        let texts = [Self.object("v1", 0), Self.object("v1", 1, extra: #", "x" : [ 1.0 ] "#)]
        let review = try Self.review(texts)
        #expect(
            review.uid == "705ab4f5" && review.desired.group == "shop.example.org" && review.desired.version == "v2")
        #expect(review.objects.map { String(decoding: $0, as: UTF8.self) } == texts)
        #expect(try Self.review([], desired: "v1").desired.group.isEmpty)
    }

    @Test func `the answer has the converted objects in order and as they came`() throws {
        let converted = (0..<20).map { Self.object("v2", $0, extra: #", "added":"<\#($0)>" "#) }
        let review = try Self.review((0..<20).map { Self.object("v1", $0) })
        for result in [nil, ReviewResult(), ReviewResult(status: "Success", message: "done", code: 200)] {
            #expect(
                String(decoding: review.response(converted: slices(converted), result: result), as: UTF8.self)
                    == #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","response":{"uid":"705ab4f5","#
                    + #""convertedObjects":[\#(converted.joined(separator: ","))],"result":{"status":"Success"}}}"#)
        }
    }

    @Test func `nothing to convert is a success`() throws {
        let answer = try JSONValue.parse(Self.review([]).response(converted: []))
        #expect(answer["response"]?["convertedObjects"] == [] && answer["response"]?["result"]?["status"] == "Success")
    }

    @Test func `a plugin's failure keeps its words`() throws {
        let review = try Self.review([Self.object("v1", 0)])
        let answer = review.response(
            converted: slices([Self.object("v2", 0)]),
            result: ReviewResult(status: "Failure", message: "no way", reason: "Invalid", code: 422))
        #expect(
            String(decoding: answer, as: UTF8.self)
                == #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","response":{"uid":"705ab4f5","#
                + #""result":{"status":"Failure","message":"no way","reason":"Invalid","code":422}}}"#)
        #expect(
            try message(review.response(converted: [], result: ReviewResult(status: "Failed", message: "m"))) == "m")
        #expect(try message(review.response(converted: [], result: ReviewResult(message: "m", code: 500))) == "m")
    }

    @Test func `an error becomes a failure with its reason and code`() throws {
        let error = GatewayError(.serviceUnavailable, "the plugin isn't running", source: .plugin)
        let answer = try JSONValue.parse(Self.review([]).failure(error))
        #expect(
            answer["response"]?["result"] == [
                "status": "Failure", "message": "the plugin isn't running", "reason": "ServiceUnavailable", "code": 503,
            ])
    }

    @Test(arguments: [0, 1, 3])
    func `another count of objects is a failure`(_ count: Int) throws {
        let review = try Self.review([Self.object("v1", 0), Self.object("v1", 1)])
        let text = try message(review.response(converted: slices((0..<count).map { Self.object("v2", $0) })))
        #expect(text == "the plugin answered with \(count) objects, not 2")
    }

    @Test(arguments: [
        ("shop.example.org/v2", "shop.example.org/v1", "apiVersion"), ("Order", "Offer", "kind"),
        (#""name":"o1""#, #""name":"o2""#, "metadata.name"), (#","namespace":"n""#, "", "metadata.namespace"),
        (#""uid":"u1""#, #""uid":"""#, "metadata.uid"), (#""metadata":"#, #""meta":"#, "metadata.name"),
        (#""uid":"u1""#, #""uid":1"#, "metadata.uid"), (#""kind":"#, #""kind":"Order","kind":"#, "kind"),
        (#"{"apiVersion""#, #"["apiVersion""#, "can't be read"), (#""spec":{"#, #""spec":{{"#, "can't be read"),
    ])
    func `an object that breaks a rule is named`(_ part: String, _ change: String, _ fault: String) throws {
        let review = try Self.review([Self.object("v1", 0), Self.object("v1", 1)])
        let broken = Self.object("v2", 1).replacing(part, with: change, maxReplacements: 1)
        let text = try message(review.response(converted: slices([Self.object("v2", 0), broken])))
        #expect(text.hasPrefix(#"request.objects[1] (Order "n/o1"): "#) && text.contains(fault))
    }

    @Test func `objects in another order are a failure`() throws {
        let review = try Self.review([Self.object("v1", 0), Self.object("v1", 1)])
        let text = try message(review.response(converted: slices([Self.object("v2", 1), Self.object("v2", 0)])))
        #expect(text.hasPrefix(#"request.objects[0] (Order "n/o0"): the plugin changed metadata.name"#))
    }

    @Test(arguments: [
        (#"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1beta1"}"#, "apiVersion"),
        (#"{"kind":"AdmissionReview","apiVersion":"apiextensions.k8s.io/v1"}"#, "kind"),
        (#"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1"}"#, "request"),
    ])
    func `another kind is a 400`(_ text: String, _ field: String) throws {
        let error = try #require(throws: GatewayError.self) { try ConversionReview(Array(text.utf8)) }
        #expect(error.httpStatus == 400 && error.causes.first?.field == field)
    }

    @Test(arguments: [
        ("{}", "request.uid"), (#"{"uid":""}"#, "request.uid"), (#"{"uid":"u"}"#, "request.desiredAPIVersion"),
        (#"{"uid":"u","desiredAPIVersion":""}"#, "request.desiredAPIVersion"),
        (#"{"uid":"u","desiredAPIVersion":"a/b/c"}"#, "request.desiredAPIVersion"),
        (#"{"uid":"u","desiredAPIVersion":"/v1"}"#, "request.desiredAPIVersion"),
        (#"{"uid":"u","desiredAPIVersion":"g/v1"}"#, "request.objects"),
        (#"{"uid":"u","desiredAPIVersion":"g/v1","objects":{}}"#, "request.objects"),
        (#"{"uid":"u","desiredAPIVersion":"g/v1","objects":[{},[]]}"#, "request.objects[1]"),
        (
            #"{"uid":"u","desiredAPIVersion":"g/v1","objects":[{"metadata":{"name":1}}]}"#,
            "request.objects[0].metadata.name"
        ),
    ])
    func `a bad field is a 400 that names it`(_ request: String, _ field: String) throws {
        let text = #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":\#(request)}"#
        let error = try #require(throws: GatewayError.self) { try ConversionReview(Array(text.utf8)) }
        #expect(error.httpStatus == 400 && error.causes.first?.field == field)
    }
}
