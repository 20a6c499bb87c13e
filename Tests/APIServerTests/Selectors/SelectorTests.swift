import Bytes
import DataPlane
import DataPlaneAPI
import Storage
import Testing

@testable import APIServer

struct SelectorTests {
    private static let object: JSONValue = [
        "metadata": ["name": "a", "labels": ["app": "web", "tier": "1", "example.org/x": ""]]
    ]

    private func stored() throws -> StoredObject {
        try StoredObject(
            Record(key: Samples.key("a"), version: 1, content: RecordContent(bytes: Self.object.bytes())))
    }

    @Test(arguments: [
        ("", true), ("app=web", true), ("app==web", true), ("app=db", false), ("app!=db", true), ("none!=db", true),
        ("app in (db, web)", true), ("app notin (db)", true), ("app notin (web)", false), ("none notin (x)", true),
        ("none in (x)", false), ("app", true), ("!app", false), ("!none", true), ("tier>0", true), ("tier>1", false),
        ("tier<2", true), ("app>1", false), ("app=web,tier=1", true), ("app=web,tier=2", false),
        ("example.org/x=", true), ("example.org/x in ()", true), (" app = web , tier ", true),
    ])
    func `label selectors choose as Kubernetes does`(_ text: String, _ expected: Bool) throws {
        let object = try stored()
        #expect(try LabelSelector.parse(text).matches { object.label($0) } == expected)
    }

    @Test(arguments: ["app=web,", "=x", "app=we b", "app in web", "app in (a", "a b", "tier>x", "-x=1", "a/b/c", ","])
    func `a bad label selector is a bad request`(_ text: String) {
        #expect { try LabelSelector.parse(text) } throws: { ($0 as? GatewayError)?.code == .badRequest }
    }

    @Test(arguments: [
        ("", true), ("metadata.name=a", true), ("metadata.name==a", true), ("metadata.name=b", false),
        ("metadata.name!=b", true), ("metadata.name!=a", false), (#"metadata.name=a\,b"#, false),
    ])
    func `field selectors choose by name`(_ text: String, _ expected: Bool) throws {
        #expect(try FieldSelector.parse(text, DataPlaneServiceKind.definition).matches(stored()) == expected)
    }

    @Test(arguments: [
        "metadata.name", "spec.group=x", "metadata.namespace=x", #"metadata.name=a\x"#, #"metadata.name=a\"#,
    ])
    func `a bad field selector is a bad request`(_ text: String) {
        #expect { try FieldSelector.parse(text, DataPlaneServiceKind.definition) } throws: {
            ($0 as? GatewayError)?.code == .badRequest
        }
    }
}
