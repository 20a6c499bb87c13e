import Testing

@testable import Bytes
@testable import DataPlaneAPI

struct GatewayErrorTests {
    @Test func everyCodeHasAnErrorStatusAReasonAndItsOwnLabel() {
        var labels: Set<String> = []
        for code in ErrorCode.allCases {
            #expect((400..<600).contains(code.httpStatus))
            #expect(!code.row.reason.isEmpty)
            #expect(labels.insert(code.row.label).inserted, "label \(code.row.label) is used twice")
        }
    }

    @Test func aForeignStatusNumberFindsItsCodeOrTheNearestGeneralOne() {
        #expect(ErrorCode(httpStatus: 404) == .notFound)
        #expect(ErrorCode(httpStatus: 409) == .conflict)
        #expect(ErrorCode(httpStatus: 418) == .badRequest)
        #expect(ErrorCode(httpStatus: 500) == .internalError)
        #expect(ErrorCode(httpStatus: 599) == .internalError)
        #expect(ErrorCode(httpStatus: 200) == .badGateway)
        #expect(ErrorCode(httpStatus: -1) == .badGateway)
    }

    @Test func theSourceFollowsTheStatusUnlessItIsGiven() {
        #expect(GatewayError(.badRequest, "x").source == .client)
        #expect(GatewayError(.badGateway, "x").source == .gateway)
        #expect(GatewayError(.badGateway, "x", source: .plugin).source == .plugin)
    }

    @Test func theDescriptionForLogsHoldsTheInnerCauseAndTheBodyDoesNot() {
        let error = GatewayError(.badGateway, "plugin does not answer", source: .plugin, cause: "socket /run/x")
        #expect(error.description == "bad_gateway from plugin: plugin does not answer (socket /run/x)")
        #expect(!text(error).contains("socket"))
    }

    @Test func aPlainErrorIsAStatusWithoutDetails() {
        #expect(
            text(GatewayError(.badRequest, "invalid datasource UID"))
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
                + #""message":"invalid datasource UID","reason":"BadRequest","code":400}"#)
    }

    @Test func notFoundSpeaksAsKubernetesDoes() {
        let error = GatewayError.notFound("dataplaneservices", group: "aggregation.grafana.app", name: "x")
        #expect(error.message == #"dataplaneservices.aggregation.grafana.app "x" not found"#)
        #expect(
            text(error).hasSuffix(
                #""reason":"NotFound","details":{"name":"x","group":"aggregation.grafana.app","#
                    + #""kind":"dataplaneservices"},"code":404}"#))
    }

    @Test func invalidListsEveryCause() {
        let one = StatusCause.required("spec.group")
        let two = StatusCause.invalid("spec.version", string: "V1", "must be lower case")
        let error = GatewayError.invalid(
            kind: "DataPlaneService", group: "aggregation.grafana.app", name: "x", [one, two])
        #expect(
            error.message == #"DataPlaneService.aggregation.grafana.app "x" is invalid: "#
                + #"[spec.group: Required value, spec.version: Invalid value: "V1": must be lower case]"#)
        #expect(
            text(error).contains(
                #""causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.group"},"#))
        let single = GatewayError.invalid(kind: "K", group: "g", name: "x", [one])
        #expect(single.message == #"K.g "x" is invalid: spec.group: Required value"#)
    }

    @Test func conflictAndAlreadyExistsShareTheNumberButNotTheReason() {
        let conflict = GatewayError.conflict("gadgets", group: "shop.example.org", name: "lamp")
        let exists = GatewayError.alreadyExists("gadgets", group: "shop.example.org", name: "lamp")
        #expect(conflict.httpStatus == 409 && exists.httpStatus == 409)
        #expect(conflict.code.row.reason == "Conflict" && exists.code.row.reason == "AlreadyExists")
        #expect(
            conflict.message
                == #"Operation cannot be fulfilled on gadgets.shop.example.org "lamp": the object has been "#
                + "modified; please apply your changes to the latest version and try again")
        #expect(exists.message == #"gadgets.shop.example.org "lamp" already exists"#)
    }

    @Test func forbiddenNamesUserVerbResourceAndPlace() {
        let error = GatewayError.forbidden(
            user: "ann", verb: "create", resource: "datasources/query", group: "g.example", namespace: "ns", name: "u")
        #expect(
            error.message == #"datasources/query.g.example "u" is forbidden: User "ann" cannot create resource "#
                + #""datasources/query" in API group "g.example" in the namespace "ns""#)
    }

    @Test func retryAdviceIsInTheDetails() {
        let error = GatewayError(.serviceUnavailable, "busy", retryAfterSeconds: 2)
        #expect(text(error).contains(#""details":{"retryAfterSeconds":2},"code":503"#))
    }

    @Test func hostileTextInAMessageStaysOneJSONString() throws {
        let hostile = "\"},\"code\":200,\u{0}\n\u{2028}<script>&"
        let body = StatusBody.failure(GatewayError(.badRequest, hostile))
        let value = try JSONValue.parse(body)
        #expect(value["message"]?.asString == hostile)
        #expect(value["code"]?.asInt == 400)
        #expect(!body.contains(0x3C) && !body.contains(0x0A))
    }

    @Test func aLongValueIsCutInACause() {
        let cause = StatusCause.invalid("f", string: String(repeating: "x", count: 100_000), "no")
        #expect(cause.message.utf8.count < 1_000)
    }

    @Test func aSuccessStatusCarriesTheUid() {
        let body = StatusBody.success(.init(name: "lamp", group: "g", kind: "gadgets", uid: "u1"))
        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","#
                + #""details":{"name":"lamp","group":"g","kind":"gadgets","uid":"u1"}}"#)
    }

    private func text(_ error: GatewayError) -> String {
        String(decoding: StatusBody.failure(error), as: UTF8.self)
    }
}
