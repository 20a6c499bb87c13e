import Bytes
import Testing

@testable import PluginProtocol
@testable import RPC

/// Our own writer against protobuf-c's reader: two implementations have to agree.
struct MessageTests {
    static var context: PluginContext {
        var settings = DataSourceInstanceSettings()
        settings.id = 1 << 52
        settings.uid = "prom1"
        settings.name = "Prometheus ü"
        settings.url = "http://127.0.0.1:9090"
        settings.basicAuthEnabled = true
        settings.jsonData = Array(#"{"timeout":30}"#.utf8)
        settings.secureJSONData = ["b": "2", "a": "1", "empty": ""]
        settings.updatedMS = 1_700_000_000_000
        var context = PluginContext()
        context.pluginID = "prometheus"
        context.user = PluginUser(login: "admin", role: "Admin")
        context.dataSourceSettings = settings
        context.grafanaConfig = ["GF_SQL_ROW_LIMIT": "1000000", "GF_APP_URL": "http://localhost:3000/"]
        context.userAgent = "Grafana/12.0.0 (linux; amd64)"
        context.namespace = "default"
        return context
    }

    @Test func `a query request with a spliced context reads back as it was`() throws {
        var encoder = QueryDataRequestEncoder(context: Self.context.encoded())
        encoder.headers = [("FromAlert", "true"), ("http_X-Panel-Id", "")]
        encoder.queries = [
            DataQuery(refID: "A", maxDataPoints: 100, intervalMS: 1000, fromMS: -5, toMS: 1 << 60, json: [0, 255]),
            DataQuery(refID: "", maxDataPoints: 0, intervalMS: 0, fromMS: 0, toMS: 0, json: [], queryType: "range"),
        ]
        encoder.format = .json
        let request = try QueryDataRequest(encoder.payload().asMessage())
        #expect(request.context == Self.context)
        #expect(request.headers == ["FromAlert": "true", "http_X-Panel-Id": ""])
        #expect(request.queries == encoder.queries)
        #expect(request.format == .json)
    }

    @Test func `equal contexts are equal bytes`() {
        #expect((0..<20).allSatisfy { _ in Self.context.encoded() == Self.context.encoded() })
    }

    @Test func `a resource request reads back as it was, header bytes included`() throws {
        let headers = [
            PluginHeader(name: "X-Latin", values: [[0xE9], []]), PluginHeader("Content-Type", "text/plain"),
        ]
        let body = [UInt8](repeating: 9, count: 70_000)
        let message = PluginRequest.callResource(
            context: Self.context.encoded(), path: Array("a/b".utf8), method: "POST", url: Array("a/b?c=%20".utf8),
            headers: headers, body: body
        ).asMessage()
        let request = try CallResourceRequest(message)
        #expect(request.path == "a/b")
        #expect(request.url == "a/b?c=%20")
        #expect(request.method == "POST")
        #expect(request.headers == headers)
        #expect(request.body == body)
    }

    @Test func `admission and conversion read back as they were`() throws {
        let fields = AdmissionRequestFields(
            operation: .delete, group: "g", version: "v1", kind: "K", object: [1], oldObject: [2])
        let admission = try AdmissionRequest(PluginRequest.admission(context: [], fields).asMessage())
        #expect(admission.fields == fields)
        let answer = AdmissionResult(
            allowed: false, result: StatusResult(status: "Failure", message: "m", reason: "Invalid", code: 422),
            warnings: ["w", ""], object: [3])
        #expect(try AdmissionResult(answer.payload().asMessage()) == answer)
        let objects = [RawObject(raw: [1, 2], contentType: "application/json")]
        let conversion = try ConversionRequest(
            PluginRequest.conversion(context: [], uid: "u", objects: objects, targetGroup: "g", targetVersion: "v2")
                .asMessage())
        #expect(conversion.objects == objects)
        #expect(conversion.targetVersion == "v2")
        let converted = ConversionResult(uid: "u", objects: objects)
        #expect(try ConversionResult(converted.payload().asMessage()) == converted)
    }

    @Test func `a resource answer is read in place`() throws {
        let headers = [PluginHeader(name: "Set-Cookie", values: [Array("a=1".utf8), Array("b=2".utf8)])]
        let message = CallResourceFields.payload(code: 201, headers: headers, body: [7, 8, 9]).asMessage()
        try message.withBytes { bytes in
            let fields = try CallResourceFields(bytes)
            #expect(fields.code == 201)
            #expect(fields.headers == headers)
            #expect(Array(bytes.slice(fields.body)) == [7, 8, 9])
        }
    }

    @Test func `every truncation of an answer is an error or a shorter answer, never a crash`() throws {
        let whole = WireWriter.encode { writer in
            writer.message(1) { entry in
                entry.string(1, "A")
                entry.message(2) { response in
                    response.raw(1, [1, 2, 3])
                    response.string(2, "boom")
                    response.int(4, 502)
                    response.string(5, "downstream")
                    response.int(6, 1)
                }
            }
        }
        let found = try whole.withUnsafeBytes { try DataResponseFields.scan($0) }
        #expect(found.count == 1)
        #expect(found.first?.status == 502)
        #expect(found.first?.format == 1)
        for length in 1..<whole.count {
            #expect(throws: WireError.self) {
                try whole.prefix(length).withUnsafeBytes { _ = try DataResponseFields.scan($0) }
            }
        }
    }

    @Test(
        arguments: [
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x0B], [0x00], [0x0A, 0x05, 0x01],
            [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x09, 0x01], [0x07],
        ] as [[UInt8]])
    func `bytes that are no message are an error`(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try bytes.withUnsafeBytes { _ = try DataResponseFields.scan($0) } }
    }

    @Test func `the error source survives the trailer`() {
        let trailer = StatusDetails.encode(GRPCError(code: .unknown, message: "x"), source: .downstream)
        #expect(trailer.withUnsafeBytes { StatusDetails.errorSource($0) } == .downstream)
        for length in 0..<trailer.count {
            trailer.prefix(length).withUnsafeBytes { _ = StatusDetails.errorSource($0) }
        }
        #expect([UInt8]([0xFF, 0xFF]).withUnsafeBytes { StatusDetails.errorSource($0) } == nil)
    }
}
