import APIServer
import Bytes
import DataPlaneAPI
import Testing

@testable import DataPlane

struct DataPlaneServiceKindTests {
    private let structure = DataPlaneServiceKind.definition.structure

    @Test func `unknown fields are found by the schema, wherever they are`() {
        let json: JSONValue = [
            "apiVersion": "x", "kind": "y", "bogus": 1, "metadata": ["name": "a", "bogus": 1, "selfLink": ""],
            "spec": [
                "bogus": 1, "limits": ["timeout": 1], "backend": ["tls": ["caFile": "x"], "timeout": 1],
                "services": [["type": "query", "limits": ["bogus": 1]], ["type": "query", "bogus": 1]],
            ],
            "status": ["conditions": [["type": "A", "bogus": 1]]],
        ]
        #expect(
            structure.unknownFields(in: json) == [
                "metadata.bogus", "bogus", "spec.bogus", "spec.limits.timeout", "spec.backend.tls.caFile",
                "spec.backend.timeout", "spec.services[0].limits.bogus", "spec.services[1].bogus",
                "status.conditions[0].bogus",
            ])
    }

    /// Everything that the type itself writes has a place in its schema.
    @Test func `the schema knows every field of the type`() throws {
        var spec = DataPlaneService.Spec()
        (spec.pluginID, spec.pluginType, spec.group, spec.version) = ("p", "app", "a.example.org", "v1")
        spec.limits = ServiceLimits(
            timeoutSeconds: 1, maxRequestBytes: 1, maxResponseBytes: 1, maxConcurrentRequests: 1)
        spec.services = [ServiceEntry(type: "route", method: "GET", path: "/x", limits: spec.limits)]
        spec.backend = ServiceBackend(
            type: "http", fallback: "upstream", baseURL: "https://h", connectTimeoutSeconds: 1,
            tls: BackendTLS(caBundle: "x", insecureSkipTLSVerify: true, serverName: "s", clientCertificate: "c"))
        let condition = Condition(
            type: "A", status: .isTrue, reason: "R", message: "m", lastTransitionTime: "t", observedGeneration: 1)
        let object = DataPlaneService(metadata: ObjectMeta(name: "a"), spec: spec, conditions: [condition]).json
        #expect(structure.unknownFields(in: object) == [])
        #expect(try structure.settled(object) == object)
    }

    @Test(arguments: [
        (#"{"spec":{"services":{}}}"#, "spec.services: Invalid value: must be an array"),
        (#"{"spec":{"services":[1]}}"#, "spec.services[0]"),
        (#"{"spec":{"limits":{"timeoutSeconds":"1"}}}"#, "spec.limits.timeoutSeconds"),
        (#"{"spec":{"backend":{"tls":{"insecureSkipTLSVerify":"yes"}}}}"#, "spec.backend.tls.insecureSkipTLSVerify"),
        (#"{"metadata":{"labels":{"a":1}}}"#, "metadata.labels[a]"), (#"{"spec":[]}"#, "spec"),
        (#"{"status":{"conditions":[{"type":1}]}}"#, "status.conditions[0].type"),
    ])
    func `a field of a wrong type is named`(_ text: String, _ field: String) throws {
        let json = try JSONValue.parse(text)
        #expect { try structure.settled(json) } throws: { error in
            guard let error = error as? GatewayError else { return false }
            return error.code == .badRequest && error.causes.first.map { field.hasPrefix($0.field) } ?? false
        }
    }
}
