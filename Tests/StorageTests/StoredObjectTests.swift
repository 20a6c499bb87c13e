import DataPlaneAPI
import Testing

@testable import Bytes
@testable import Storage

struct StoredObjectTests {
    private func object(_ text: String) throws -> StoredObject {
        try StoredObject(
            Record(key: Samples.key("a"), version: 7, content: RecordContent(bytes: Array(text.utf8))))
    }

    @Test(arguments: [
        (#"{"metadata":{}}"#, #"{"metadata":{"resourceVersion":"7"}}"#),
        (
            #"{"a":{"metadata":{}},"metadata":{"name":"a"},"z":1}"#,
            #"{"a":{"metadata":{}},"metadata":{"resourceVersion":"7","name":"a"},"z":1}"#
        ),
        (#"{"met\u0061data": { "name":"a"}}"#, #"{"met\u0061data": {"resourceVersion":"7", "name":"a"}}"#),
    ])
    func `the version is put into the text where it belongs`(_ text: String, _ expected: String) throws {
        let object = try object(text)
        #expect(String(decoding: object.text, as: UTF8.self) == expected)
        #expect(object.body["metadata"]?["resourceVersion"] == "7")
        #expect(object.numbered(9).body["metadata"]?["resourceVersion"] == "9")
    }

    @Test func `labels and uid are known without a tree`() throws {
        let object = try object(#"{"metadata":{"labels":{"a":"b","c\n":"\u00e4"},"uid":"u"}}"#)
        #expect(object.label("a") == "b" && object.label("c\n") == "ä" && object.label("d") == nil)
        #expect(object.uid == "u")
    }

    @Test(arguments: ["", "[]", "{", #"{"a":1}"#, #"{"metadata":1}"#, #"{"metadata":{"labels":{"a":}}}"#])
    func `a text that is no object says which one it is`(_ text: String) {
        #expect { try object(text) } throws: {
            ($0 as? GatewayError)?.message.contains("the object a (lamps.shop.example.org)") ?? false
        }
    }
}
