import Foundation
import Testing

/// Every service through plugins that are not built on our code.
@Suite(.timeLimit(.minutes(5)))
struct ForeignServiceTests {
    private static let source = ForeignPlugin.source
    private static let json = [("Content-Type", "application/json")]

    @Test(arguments: ForeignPlugin.allCases)
    func `queries are answered, refused and failed`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.sharedGateway() else { return }
        func ask(_ type: String) throws -> Answer {
            try gateway.request(
                "POST", "\(Self.source)/query", body: QueryCase.queries(#"{"refId":"A","queryType":"\#(type)"}"#))
        }
        let frame = try ask("")
        #expect(frame.status == 200)
        #expect((frame.json.at("results.A.frames.0.data.values.0") as? [Any])?.count == 3, "\(frame.text)")
        let error = try ask("error")
        #expect(error.status == 200 && error.json.at("results.A.status") as? Int == 502, "\(error.text)")
        #expect(error.json.at("results.A.errorSource") as? String == "downstream")
        let failed = try ask("fail")
        #expect(failed.status == 502 && failed.isStatus && failed.message.contains("gave up"), "\(failed.text)")
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `chunks come as lines and both ways of having none fall back`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.sharedGateway() else { return }
        func ask(_ queries: String...) throws -> [[String: Any]] {
            let answer = try gateway.request(
                "POST", "\(Self.source)/query", [("Accept", "text/jsonl")],
                body: "{\"queries\":[\(queries.joined(separator: ","))]}")
            #expect(answer.status == 200 && answer["Content-Type"] == "text/jsonl", "\(answer.text)")
            return answer.text.split(separator: "\n").map {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] ?? [:]
            }
        }
        let lines = try ask(
            #"{"refId":"A"}"#, #"{"refId":"B","queryType":"error"}"#, #"{"refId":"C"}"#)
        #expect(lines.map { $0["refId"] as? String } == ["B", "A", "C", "A", "C", "A", "C"])
        #expect(lines[0]["error"] as? String == "no such table" && lines[0]["errorSource"] as? String == "downstream")
        let rows = lines.filter { $0["refId"] as? String == "C" }
        #expect(rows.map { $0.at("frame.data.values.0") as? [Int] } == [[0, 1], [2, 3], [4, 5]])
        #expect(rows.map { $0.at("frame.schema") != nil } == [true, false, false])
        #expect(rows.allSatisfy { $0["frameId"] as? String == "f" })
        let broken = try ask(#"{"refId":"A","queryType":"broken"}"#)
        #expect(broken.count == 4 && (broken.last?["error"] as? String)?.contains("midway") == true, "\(broken)")
        // Last: the gateway keeps in mind that this process has no chunks.
        guard let fresh = try plugin.gateway() else { return }
        let fallback = try fresh.request(
            "POST", "\(Self.source)/query", [("Accept", "text/jsonl")],
            body: QueryCase.queries(#"{"refId":"A","queryType":"unsupported"}"#))
        #expect(fallback.status == 200)
        let line = try JSONSerialization.jsonObject(with: Data(fallback.body)) as? [String: Any]
        #expect((line?.at("frame.data.values.0") as? [Any])?.count == 3, "\(fallback.text)")
    }

    @Test(arguments: ["file", "stream"])
    func `pyarrow reads the frames that pass as they are`(form: String) throws {
        guard let gateway = try ForeignPlugin.python.sharedGateway(), let python = try ForeignPlugin.pythonProgram()
        else { return }
        let type = "application/vnd.apache.arrow.\(form)"
        let answer = try gateway.request(
            "POST", "\(Self.source)/query", [("Accept", type)], body: QueryCase.queries(#"{"refId":"A"}"#))
        #expect(answer.status == 200 && answer["Content-Type"] == type)
        let path = "\(gateway.folder.path)/frame.\(form)"
        try Data(answer.body).write(to: URL(fileURLWithPath: path))
        let reader = try ChildProcess(
            python,
            [
                "-c",
                "import sys, pyarrow as pa; bytes = open(sys.argv[1], 'rb').read(); "
                    + "print(ascii(pa.ipc.open_\(form)(bytes).read_all().to_pydict()))", path,
            ])
        #expect(
            reader.stdout.wait(containing: "{'n': [1, 2, None], 's': ['a', 'b\\xfc', None], 'f': [0.5, -1e+300,")
                != nil,
            "\(reader.stdout.tail()) \(reader.stderr.tail())")
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `resources are called, streamed and cancelled`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.sharedGateway() else { return }
        let plain = try gateway.request("PATCH", "\(Self.source)/resources/some/path", body: "+body")
        #expect(plain.status == 200 && plain.text == "PATCH some/path+body", "\(plain.text)")
        #expect(plain["Content-Type"] == "text/plain")
        #expect(try gateway.request("GET", "\(Self.source)/resources/missing").status == 404)
        let headers = try gateway.request("GET", "\(Self.source)/resources/headers")
        #expect(headers.status == 201 && headers.all("X-Two") == ["a", "b"])
        #expect(headers["Set-Cookie"] == nil && headers["Connection"] == nil)
        let nothing = try gateway.request("GET", "\(Self.source)/resources/nothing")
        #expect(nothing.status == 502 && nothing.isStatus, "\(nothing.status) \(nothing.text)")
        let count = try BodyLines(gateway, "\(Self.source)/resources/count")
        #expect(try count.next() == "1")
        let first = ContinuousClock.now
        #expect(try count.remaining() == ["2", "3", "4", "5"])
        #expect(ContinuousClock.now - first > .milliseconds(200))
        let place = gateway.process.stderr.count
        do {
            let endless = try BodyLines(gateway, "\(Self.source)/resources/endless")
            #expect(try endless.next() == "first")
        }
        // The connection ended with its owner.
        #expect(gateway.process.stderr.wait(from: place, containing: "resource call was cancelled") != nil)
        let client = try gateway.connect()
        #expect(try client.request("HEAD", "\(Self.source)/resources/x").status == 200)
        #expect(try client.request("GET", "\(Self.source)/resources/x").text == "GET x")
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `health and metrics are told`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.sharedGateway() else { return }
        let health = try gateway.request("GET", "\(Self.source)/health")
        #expect(health.status == 200 && health.json.at("details.\(plugin.rawValue)") as? Bool == true, "\(health.text)")
        let metrics = try gateway.request("GET", "\(ForeignPlugin.root)/metrics")
        #expect(metrics.status == 200 && metrics.text == "# TYPE interop_up gauge\ninterop_up 1\n", "\(metrics.text)")
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `streams run, end and are published to`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.sharedGateway() else { return }
        let clock = try BodyLines(gateway, "\(Self.source)/stream/clock")
        var lines: [[String: Any]] = []
        while let line = try clock.next() {
            lines.append((try JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] ?? [:])
        }
        #expect(lines.map { $0["type"] as? String } == ["subscribed", "data", "data", "data", "end"], "\(lines)")
        #expect(lines.first?.at("data.first") as? Bool == true)
        #expect(lines.dropFirst().prefix(3).map { $0.at("data.data.values.0.0") as? Int } == [0, 1, 2])
        #expect(lines.last?["reason"] as? String == "finished")
        let place = gateway.process.stderr.count
        do {
            let ticks = try BodyLines(gateway, "\(Self.source)/stream/ticks", [("Accept", "text/event-stream")])
            #expect(try ticks.eventData().data["tick"] as? Int == 1)
            #expect(try ticks.eventData().data["tick"] as? Int == 2)
        }
        #expect(gateway.process.stderr.wait(from: place, containing: "stream was cancelled") != nil)
        #expect(try gateway.request("GET", "\(Self.source)/stream/secret").status == 403)
        #expect(try gateway.request("GET", "\(Self.source)/stream/nothing").status == 404)
        let socket = try WebSocketClient(gateway, "\(Self.source)/stream/chat")
        _ = try socket.message("subscribed")
        let published = try gateway.request("POST", "\(Self.source)/stream/chat", body: #"{"x":1}"#)
        #expect(published.status == 200 && published.json.at("heard.x") as? Int == 1, "\(published.text)")
        #expect(try socket.message("data").at("data.heard.x") as? Int == 1)
        #expect(try gateway.request("POST", "\(Self.source)/stream/ticks", body: "{}").status == 403)
    }

    @Test func `AD-22 a review comes with the plugin's context and no data source`() throws {
        guard let gateway = try ForeignPlugin.python.sharedGateway() else { return }
        let answer = try gateway.request(
            "POST", "\(ForeignPlugin.root)/admission/validate", Self.json,
            body: """
                {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u1",
                "kind":{"group":"g","version":"v1","kind":"K"},"operation":"CREATE","object":{"spec":{"context":true}}}}
                """)
        #expect(answer.json.at("response.warnings") as? [String] == ["python, no data source"], "\(answer.text)")
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `objects are judged, changed and converted`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.sharedGateway() else { return }
        func review(_ what: String, _ operation: String, _ object: String) throws -> [String: Any] {
            let answer = try gateway.request(
                "POST", "\(ForeignPlugin.root)/admission/\(what)", Self.json,
                body: """
                    {"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u1",
                    "kind":{"group":"g","version":"v1","kind":"K"},"operation":"\(operation)","object":\(object)}}
                    """)
            #expect(answer.status == 200, "\(answer.text)")
            return answer.json.at("response") as? [String: Any] ?? [:]
        }
        #expect(try review("validate", "CREATE", "{}")["allowed"] as? Bool == true)
        let refused = try review("validate", "CREATE", #"{"spec":{"forbidden":true}}"#)
        #expect(refused["allowed"] as? Bool == false && refused.at("status.code") as? Int == 403, "\(refused)")
        #expect(refused["warnings"] as? [String] == ["think again"])
        let changed = try review(
            "mutate", "UPDATE", #"{"metadata":{"name":"x"},"spec":{"big":9007199254740993,"list":[1,2]}}"#)
        let patch = (changed["patch"] as? String).flatMap { Data(base64Encoded: $0) } ?? Data()
        #expect(
            String(decoding: patch, as: UTF8.self)
                == #"[{"op":"add","path":"/metadata/annotations","value":{"operation":"1"}}]"#)
        let deleted = try review("mutate", "DELETE", "null")
        #expect(deleted["allowed"] as? Bool == true && deleted["patch"] == nil)
        func convert(_ kinds: String...) throws -> [String: Any] {
            let objects = kinds.enumerated().map {
                #"{"apiVersion":"g/v1","kind":"\#($1)","metadata":{"name":"n\#($0)"},"big":9007199254740993}"#
            }
            let answer = try gateway.request(
                "POST", "\(ForeignPlugin.root)/conversion", Self.json,
                body: """
                    {"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"u2",
                    "desiredAPIVersion":"g/v2","objects":[\(objects.joined(separator: ","))]}}
                    """)
            #expect(answer.status == 200, "\(answer.text)")
            return answer.json.at("response") as? [String: Any] ?? [:]
        }
        let converted = try convert("K", "K")
        // The uid is the request's, whatever the plugin says.
        #expect(converted["uid"] as? String == "u2" && converted.at("result.status") as? String == "Success")
        let objects = converted["convertedObjects"] as? [[String: Any]] ?? []
        #expect(objects.map { $0["apiVersion"] as? String } == ["g/v2", "g/v2"])
        #expect(objects.map { $0.at("metadata.name") as? String } == ["n0", "n1"])
        #expect(objects.allSatisfy { $0["big"] as? Int == 9_007_199_254_740_993 })
        let broken = try convert("K", "Broken")
        #expect(broken.at("result.status") as? String == "Failure" && broken["uid"] as? String == "u2")
        #expect((broken.at("result.message") as? String)?.contains("Broken") == true, "\(broken)")
    }
}
