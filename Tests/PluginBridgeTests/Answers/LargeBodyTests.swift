import DataPlaneAPI
import Dispatch
import HTTPKit
import NIOPosix
import PluginKit
import PluginProtocol
import Testing

@testable import PluginBridge

/// Bodies of many megabytes: reading them is no work for an event loop.
@Suite(.timeLimit(.minutes(1)))
struct LargeBodyTests {
    /// Answers what comes with what it was, small or large.
    private struct EchoPlugin: Plugin, QueryDataHandler, CallResourceHandler, CheckHealthHandler, AdmissionHandler,
        ConversionHandler
    {
        init() {}

        func queryData(_ request: QueryDataRequest) async throws -> [String: DataResponse] {
            Dictionary(
                uniqueKeysWithValues: request.queries.map {
                    ($0.refID, DataResponse(error: PluginError("\($0.json.count > 1_000_000)", status: 400)))
                })
        }
        func callResource(_ request: CallResourceRequest, _ response: ResourceResponse) async throws {
            try await response.send(status: 200, json: "\(request.body.count)")
        }
        func checkHealth(_ request: CheckHealthRequest) async throws -> HealthResult {
            HealthResult(status: .ok, message: "")
        }
        func validateAdmission(_ request: AdmissionRequest) async throws -> AdmissionResult {
            AdmissionResult(allowed: request.fields.object.count > 1_000_000)
        }
        func mutateAdmission(_ request: AdmissionRequest) async throws -> AdmissionResult {
            AdmissionResult(allowed: true, object: request.fields.object)
        }
        func convertObjects(_ request: ConversionRequest) async throws -> ConversionResult {
            ConversionResult(
                uid: request.uid,
                objects: request.objects.map { object in
                    let text = String(decoding: object.raw, as: UTF8.self).replacing("e/v1", with: "e/v2")
                    return RawObject(raw: Array(text.utf8), contentType: object.contentType)
                })
        }
    }

    private static let size = 15 << 20
    private static let filler = String(repeating: "x", count: size)
    private static let object =
        #"{"apiVersion":"e/v1","kind":"K","metadata":{"name":"n","uid":"1"},"spec":"\#(filler)"}"#

    private static func admission() -> String {
        #"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","#
            + #""kind":{"group":"e","version":"v1","kind":"K"},"object":\#(object)}}"#
    }

    /// A request; only its path shows in reports.
    struct Row: Sendable, CustomTestStringConvertible {
        let path: String
        let body: String
        let answer: String
        var testDescription: String { path }

        init(_ path: String, _ body: String, _ answer: String) {
            (self.path, self.body, self.answer) = (path, body, answer)
        }
    }

    static let rows: [Row] = [
        Row(
            "/query", #"{"queries":[{"refId":"A","datasource":{"type":"test","uid":"u"},"x":"\#(filler)"}]}"#,
            #"{"results":{"A":{"error":"true","errorSource":"plugin","status":400,"frames":[]}}}"#
        ),
        Row("/x", filler, "\(size)"),
        Row("/validate", admission(), #""response":{"uid":"u","allowed":true}}"#),
        Row("/mutate", admission(), #""response":{"uid":"u","allowed":true}}"#),
        Row(
            "/conversion",
            #"{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","request":{"uid":"u","#
                + #""desiredAPIVersion":"e/v2","objects":[\#(object)]}}"#, #""result":{"status":"Success"}}}"#
        ),
    ]

    @Test(arguments: rows)
    func `the loop serves others while a body is read`(row: Row) async throws {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let gate = DispatchSemaphore(value: 0)
        threads.submit { _ in gate.wait() }
        var options = TestBridge.Options()
        let side = SideWork(on: threads, patienceMS: 600_000)
        options.side = side
        try await TestBridge.with(EchoPlugin(), options) { bridge in
            async let large = TestClient.send(
                bridge, "POST", row.path, [("Content-Type", "application/json")], body: Array(row.body.utf8))
            while side.waitingCount == 0 { try await Task.sleep(for: .milliseconds(1)) }
            // The body is there, and waits for the thread: the only loop answers whoever else comes.
            for _ in 0..<20 { #expect(try await TestClient.send(bridge, "/health").status == 200) }
            gate.signal()
            let reply = try await large
            #expect(reply.status == 200 && reply.isComplete, "\(reply.text.prefix(300))")
            #expect(reply.text.hasSuffix(row.answer), "\(reply.text.suffix(300))")
        }
        try await threads.shutdownGracefully()
    }

    @Test func `what is wrong in a large body is said as of a small one`() async throws {
        try await TestBridge.with(EchoPlugin()) { bridge in
            for path in ["/query", "/validate", "/conversion"] {
                let reply = try await TestClient.send(
                    bridge, "POST", path, [("Content-Type", "application/json")],
                    body: Array("{\"x\":\"\(Self.filler)".utf8))
                #expect(reply.status == 400, "\(path)")
            }
        }
    }
}
