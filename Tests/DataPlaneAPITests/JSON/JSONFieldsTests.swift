import Bytes
import DataPlaneAPI
import Testing

/// Typed access to members, and what is said of JSON that clients send.
struct JSONFieldsTests {
    @Test func aWrongTypeNamesTheField() throws {
        let value = try JSONValue.parse(#"{"group":5,"none":null}"#)
        let error = try #require(throws: GatewayError.self) { try value.string("group", in: "spec") }
        #expect(error.message == "spec.group: Invalid value: must be a string, not a number")
        #expect(error.causes.first?.field == "spec.group" && error.httpStatus == 400)
        #expect(try value.string("none") == nil)
    }

    @Test func `a text that is no JSON is a 400 that names the place`() throws {
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(#"{"queries":[{},{"refId":}]}"#) }
        #expect(error.badRequest.httpStatus == 400 && error.badRequest.causes.first?.field == error.path)
    }

    @Test func `a patch read back is the same patch`() throws {
        let text =
            #"[{"op":"test","path":"/a~1b","value":1.0},{"op":"copy","path":"/c","from":"/a"},{"op":"remove","path":""}]"#
        let patch = try JSONPatch(try JSONValue.parse(text))
        #expect(String(decoding: patch.bytes(), as: UTF8.self) == text)
    }
}
