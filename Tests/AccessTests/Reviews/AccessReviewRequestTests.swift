import DataPlaneAPI
import Testing

@testable import Access

/// Reviews are read from JSON and from Kubernetes' protobuf, and broken ones are refused.
struct AccessReviewRequestTests {
    /// What kubectl 1.33 sends for `auth can-i create dataplaneservices`.
    private static let protobuf: [UInt8] =
        [0x6B, 0x38, 0x73, 0x00, 0x12, 0x49, 0x0A, 0x00, 0x12, 0x45, 0x0A, 0x43] + [0x0A, 0x07] + Array("default".utf8)
        + [0x12, 0x06] + Array("create".utf8) + [0x1A, 0x17] + Array("aggregation.grafana.app".utf8) + [0x22, 0x00]
        + [0x2A, 0x11] + Array("dataplaneservices".utf8) + [0x32, 0x00, 0x3A, 0x00]

    @Test func `both forms mean the same`() throws {
        let json = """
            {"spec":{"resourceAttributes":{"namespace":"default","verb":"create","group":"aggregation.grafana.app",
            "resource":"dataplaneservices"}}}
            """
        let fromJSON = try AccessReviewRequest.parse(Array(json.utf8))
        let fromProtobuf = try AccessReviewRequest.parse(Self.protobuf)
        #expect(fromJSON == fromProtobuf)
        #expect(fromJSON.isResource && fromJSON.verb == "create" && fromJSON.namespace == "default")
    }

    @Test func `every cut of a review is refused or read, never a crash`() {
        for length in 0..<Self.protobuf.count {
            let cut = Array(Self.protobuf[..<length])
            #expect(throws: GatewayError.self) { try AccessReviewRequest.parse(cut) }
        }
        #expect(throws: GatewayError.self) { try AccessReviewRequest.parse(Array("{\"spec\":{}}".utf8)) }
    }

    @Test func `the namespace of a rules review is read from both forms, and is needed`() throws {
        let json = #"{"spec":{"namespace":"default"}}"#
        // What kubectl 1.33 sends for `auth can-i --list`.
        let protobuf: [UInt8] =
            [0x6B, 0x38, 0x73, 0x00, 0x0A, 0x31, 0x0A, 0x17] + Array("authorization.k8s.io/v1".utf8) + [0x12, 0x16]
            + Array("SelfSubjectRulesReview".utf8) + [0x12, 0x23, 0x0A, 0x10, 0x0A, 0, 0x12, 0, 0x1A, 0, 0x22, 0, 0x2A]
            + [0, 0x32, 0, 0x38, 0, 0x42, 0, 0x12, 0x09, 0x0A, 0x07] + Array("default".utf8)
            + [0x1A, 0x04, 0x18, 0, 0x22, 0, 0x1A, 0, 0x22, 0]
        #expect(try AccessReviewRequest.rulesNamespace(Array(json.utf8)) == "default")
        #expect(try AccessReviewRequest.rulesNamespace(protobuf) == "default")
        for broken in [Array(#"{"spec":{}}"#.utf8), Array("{".utf8), Array(protobuf.prefix(20)), []] {
            #expect { try AccessReviewRequest.rulesNamespace(broken) } throws: {
                ($0 as? GatewayError)?.code == .badRequest
            }
        }
    }
}
