import Testing

@testable import Bytes
@testable import DataPlaneAPI

/// Limits, backends and routes in the specification of a DataPlaneService.
struct ServiceSpecTests {
    private static let pem = Base64.encode(Array("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".utf8))

    private func service(_ spec: String) throws -> DataPlaneService {
        var json = try JSONValue.parse(DataPlaneServiceTests.valid)
        for member in try #require(try JSONValue.parse(spec).asObject) { json["spec"]?[member.key] = member.value }
        return try DataPlaneService(json)
    }

    private func fields(_ spec: String) throws -> [String] { try service(spec).validate().map(\.field) }

    // MARK: Types and routes

    @Test func `every type and several routes fit one object`() throws {
        let types = ServiceType.allCases.filter { $0 != .route }.map { #"{"type":"\#($0.rawValue)"}"# }
        let routes = [
            #"{"type":"route","path":"/test/{name}/example","method":"GET"}"#,
            #"{"type":"route","path":"/test","method":"POST"}"#, #"{"type":"route","path":"/all"}"#,
            #"{"type":"route","path":"/all","method":"GET"}"#, #"{"type":"route","path":"/files/{path...}"}"#,
        ]
        #expect(try fields(#"{"services":[\#((types + routes).joined(separator: ","))]}"#) == [])
    }

    @Test func `routes that match the same requests are refused whatever their parameters are called`() throws {
        let causes = try service(
            #"{"services":[{"type":"route","path":"/a/{x}/{r...}"},{"type":"route","path":"/a/{x}","method":"GET"},"#
                + #"{"type":"route","path":"/a/{y}","method":"POST"},{"type":"route","path":"/a/{y}/{s...}"},"#
                + #"{"type":"route","path":"/a/{z}","method":"GET"}]}"#
        ).validate()
        #expect(causes.map(\.field) == ["spec.services[3].path", "spec.services[4].path"])
        #expect(causes.first?.message.contains("spec.services[0]") == true)
        #expect(causes.last?.message.contains("spec.services[1]") == true)
    }

    @Test func `limits don't tell entries apart`() throws {
        let causes = try service(
            #"{"services":[{"type":"query"},{"type":"query","limits":{"timeoutSeconds":5}}]}"#
        ).validate()
        #expect(causes.map(\.reason) == ["FieldValueDuplicate"] && causes.first?.field == "spec.services[1]")
    }

    // MARK: Limits

    @Test func `a service's limits come before the object's and these before the defaults`() throws {
        let spec = try service(
            #"{"limits":{"timeoutSeconds":20,"maxResponseBytes":1000,"maxConcurrentRequests":50},"services":["#
                + #"{"type":"query","limits":{"timeoutSeconds":5,"maxRequestBytes":2048,"maxConcurrentRequests":3}},"#
                + #"{"type":"health"}]}"#
        ).spec
        #expect(
            spec.limits(of: spec.services[0])
                == EffectiveLimits(
                    timeoutSeconds: 5, maxRequestBytes: 2_048, maxResponseBytes: 1_000, maxConcurrentRequests: 3,
                    maxConcurrentRequestsOfObject: 50))
        #expect(
            spec.limits(of: spec.services[1])
                == EffectiveLimits(
                    timeoutSeconds: 20, maxRequestBytes: 16_777_216, maxResponseBytes: 1_000,
                    maxConcurrentRequests: nil, maxConcurrentRequestsOfObject: 50))
    }

    @Test(
        arguments: [
            ("query", "plugin", 60, 16_777_216), ("stream", "plugin", 60, 16_777_216),
            ("health", "plugin", 30, 16_777_216),
            ("admission", "plugin", 30, 16_777_216), ("conversion", "plugin", 30, 16_777_216),
            ("route", "http", 300, nil), ("route", "upstream", 300, nil), ("health", "http", 30, nil),
        ] as [(String, String, Int, Int?)])
    func `defaults are those of type and backend`(
        _ type: String, _ backend: String, _ timeout: Int, _ bytes: Int?
    ) throws {
        let spec = try service(#"{"backend":{"type":"\#(backend)"}}"#).spec
        let limits = spec.limits(of: ServiceEntry(type: type))
        #expect(limits.timeoutSeconds == timeout && limits.maxRequestBytes == bytes)
        #expect(limits.maxResponseBytes == nil && limits.maxConcurrentRequests == nil)
        var defaults = EffectiveLimits.Defaults()
        (defaults.pluginTimeoutSeconds, defaults.shortTimeoutSeconds, defaults.backendTimeoutSeconds) = (1, 1, 1)
        #expect(spec.limits(of: ServiceEntry(type: type), defaults: defaults).timeoutSeconds == 1)
    }

    @Test(arguments: [
        ("timeoutSeconds", ["0", "-1", "86401", "9223372036854775807"], ["1", "86400", "6e1"]),
        ("maxRequestBytes", ["0", "1099511627777"], ["1", "1099511627776"]), ("maxResponseBytes", ["0"], ["200000000"]),
        ("maxConcurrentRequests", ["0", "1000001"], ["1", "1000000"]),
    ])
    func `a limit out of its range is a 422 that names it`(_ name: String, _ bad: [String], _ good: [String]) throws {
        for value in bad {
            let limits = #"{"\#(name)":\#(value)}"#
            #expect(
                try fields(#"{"limits":\#(limits),"services":[{"type":"query","limits":\#(limits)}]}"#)
                    == ["spec.services[0].limits.\(name)", "spec.limits.\(name)"])
        }
        for value in good { #expect(try fields(#"{"limits":{"\#(name)":\#(value)}}"#) == []) }
    }

    @Test(arguments: [
        (#"{"limits":5}"#, "spec.limits"), (#"{"limits":{"timeoutSeconds":"30s"}}"#, "spec.limits.timeoutSeconds"),
        (#"{"limits":{"maxRequestBytes":"16Mi"}}"#, "spec.limits.maxRequestBytes"),
        (#"{"limits":{"maxRequestBytes":1.5}}"#, "spec.limits.maxRequestBytes"),
        (
            #"{"services":[{"type":"query","limits":{"maxConcurrentRequests":true}}]}"#,
            "spec.services[0].limits.maxConcurrentRequests"
        ),
        (#"{"backend":{"tls":[]}}"#, "spec.backend.tls"),
        (#"{"backend":{"connectTimeoutSeconds":"5"}}"#, "spec.backend.connectTimeoutSeconds"),
        (#"{"backend":{"tls":{"insecureSkipTLSVerify":"yes"}}}"#, "spec.backend.tls.insecureSkipTLSVerify"),
    ])
    func `a wrong type is a 400 that names the field`(_ spec: String, _ field: String) throws {
        let error = try #require(throws: GatewayError.self) { try service(spec) }
        #expect(error.httpStatus == 400 && error.causes.first?.field == field)
    }

    // MARK: Backends

    @Test func `an https backend with all its settings is fine and survives writing`() throws {
        let spec =
            #"{"pluginID":null,"pluginType":null,"backend":{"type":"http","baseURL":"https://b.example.org:8443/base","#
            + #""connectTimeoutSeconds":3,"tls":{"caBundle":"\#(Self.pem)","serverName":"inner.example.org","#
            + #""clientCertificate":"orders"}},"limits":{"timeoutSeconds":7},"#
            + #""services":[{"type":"route","path":"/x","method":"","limits":{"maxRequestBytes":9}}]}"#
        let object = try service(spec)
        #expect(object.validate() == [])
        #expect(object.spec.backend.tls?.caPEM?.isEmpty == false)
        let written = try JSONValue.parse(spec)
        for key in ["backend", "limits", "services"] { #expect(object.json["spec"]?[key] == written[key]) }
        #expect(try DataPlaneService(object.json) == object)
    }

    @Test func `empty settings stay where they were written`() throws {
        let object = try service(#"{"limits":{},"backend":{"type":"http","baseURL":"https://h","tls":{}}}"#)
        #expect(object.json["spec"]?["limits"] == [:] && object.json["spec"]?["backend"]?["tls"] == [:])
    }

    @Test(
        arguments: [
            (#"{"type":"ftp"}"#, ["type"]), (#"{"type":"http"}"#, ["baseURL"]),
            (#"{"type":"http","baseURL":"http://h","tls":{"insecureSkipTLSVerify":true}}"#, ["tls"]),
            (#"{"type":"http","baseURL":"https://h","tls":{"insecureSkipTLSVerify":true}}"#, []),
            (#"{"type":"http","baseURL":"https://h","tls":{"caBundle":"%"}}"#, ["tls.caBundle"]),
            (
                #"{"type":"http","baseURL":"https://h","tls":{"caBundle":"-----BEGIN CERTIFICATE-----"}}"#,
                ["tls.caBundle"]
            ),
            (#"{"type":"http","baseURL":"https://h","tls":{"caBundle":"Zm9v"}}"#, ["tls.caBundle"]),
            (
                #"{"type":"http","baseURL":"https://h","tls":{"caBundle":"\#(pem)","insecureSkipTLSVerify":true}}"#,
                ["tls.insecureSkipTLSVerify"]
            ),
            (
                #"{"type":"http","baseURL":"https://h","tls":{"serverName":"a b","clientCertificate":"../k"}}"#,
                ["tls.serverName", "tls.clientCertificate"]
            ),
            (#"{"type":"http","baseURL":"https://h","connectTimeoutSeconds":0}"#, ["connectTimeoutSeconds"]),
            (
                #"{"type":"plugin","baseURL":"http://h","connectTimeoutSeconds":1,"tls":{}}"#,
                ["baseURL", "connectTimeoutSeconds", "tls"]
            ),
            (#"{"type":"upstream","tls":{}}"#, ["tls"]), (#"{"type":"upstream"}"#, []),
            (#"{"type":"plugin","fallback":"upstream"}"#, []), (#"{"fallback":"http"}"#, ["fallback"]),
            (#"{"type":"upstream","fallback":"upstream"}"#, ["fallback"]),
            (#"{"type":"http","baseURL":"http://h","fallback":"upstream"}"#, ["fallback"]),
        ] as [(String, [String])])
    func `a backend's faults are named`(_ backend: String, _ expected: [String]) throws {
        #expect(try fields(#"{"backend":\#(backend)}"#) == expected.map { "spec.backend.\($0)" })
    }

    @Test func `an app that the upstream serves needs its id`() throws {
        let app = #"{"pluginID":null,"pluginType":"app","backend":{"type":"upstream"}}"#
        #expect(try fields(app) == ["spec.pluginID"])
        #expect(try fields(#"{"pluginID":"a","pluginType":"app","backend":{"type":"upstream"}}"#) == [])
        #expect(try service(#"{"backend":{"fallback":"upstream"}}"#).spec.backend.fallsBackToUpstream)
    }

    @Test func `a huge bundle is refused by its length`() throws {
        let bundle = String(repeating: "A", count: 1_048_577)
        #expect(
            try service(#"{"backend":{"type":"http","baseURL":"https://h","tls":{"caBundle":"\#(bundle)"}}}"#)
                .validate().map(\.reason) == ["FieldValueTooLong"])
    }
}
