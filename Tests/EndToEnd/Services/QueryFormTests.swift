import Foundation
import Testing

/// Queries answered piece by piece, and as the plugin's Arrow bytes.
@Suite(.timeLimit(.minutes(5)))
struct QueryFormTests {
    private static let path = "\(ShowcaseGateway.source)/query"
    private static let lines = [("Accept", "text/jsonl")]

    private func ask(_ accept: String, _ queries: String...) throws -> Answer {
        try ShowcaseGateway.shared.get().request(
            "POST", Self.path, [("Accept", accept)], body: "{\"queries\":[\(queries.joined(separator: ","))]}")
    }

    @Test func `chunks arrive one by one`() throws {
        let body = #"{"queries":[{"refId":"A","wave":"sine","points":50,"chunk":10,"pauseMs":100}]}"#
        let stream = try BodyLines(
            try ShowcaseGateway.shared.get(), Self.path, Self.lines, method: "POST", body: body)
        #expect(stream.head["Content-Type"] == "text/jsonl")
        let first = try stream.json()
        #expect(first["refId"] as? String == "A")
        #expect(first["frameId"] as? String == "sine")
        #expect((first.at("frame.data.values.0") as? [Any])?.count == 10)
        #expect(first.at("frame.schema.fields.1.name") as? String == "value")
        let start = ContinuousClock.now
        let rest = try (2...5).map { _ in try stream.json() }
        #expect(rest.allSatisfy { ($0.at("frame.data.values.0") as? [Any])?.count == 10 })
        // Only the first chunk of a frame has a schema.
        #expect(rest.allSatisfy { $0.at("frame.schema") == nil })
        #expect(try stream.next() == nil)
        #expect(ContinuousClock.now - start > .milliseconds(200))
    }

    @Test func `the error of one query is a line beside the others`() throws {
        let answer = try ask("text/jsonl", #"{"refId":"A","wave":"square"}"#, #"{"refId":"B","points":3}"#)
        #expect(answer.status == 200)
        let objects = answer.text.split(separator: "\n").map {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] ?? [:]
        }
        let error = try #require(objects.first { $0["refId"] as? String == "A" })
        #expect((error["error"] as? String)?.contains("square") == true)
        let frame = try #require(objects.first { $0["refId"] as? String == "B" })
        #expect((frame.at("frame.data.values.0") as? [Any])?.count == 3)
    }

    @Test func `a plugin without chunks is asked for all at once`() throws {
        let answer = try ShowcaseGateway.shared.get().request(
            "POST", "/apis/lacking.example/v1/namespaces/default/datasources/testds/query", Self.lines,
            body: QueryCase.queries(#"{"refId":"A"}"#, #"{"refId":"B","do":"error","status":404,"message":"no"}"#))
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "text/jsonl")
        let lines = answer.text.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains(#""name":"echo""#) == true)
        #expect(lines.last?.contains(#""error":"no""#) == true)
    }

    @Test func `one frame comes as Arrow's file`() throws {
        let answer = try ask("application/vnd.apache.arrow.file", #"{"refId":"A","points":3}"#)
        #expect(answer.status == 200)
        #expect(answer["Content-Type"] == "application/vnd.apache.arrow.file")
        #expect(answer.body.starts(with: Array("ARROW1".utf8)) && answer.body.suffix(6) == Array("ARROW1".utf8)[...])
        let stream = try ask("application/vnd.apache.arrow.stream", #"{"refId":"A","points":3}"#)
        #expect(stream["Content-Type"] == "application/vnd.apache.arrow.stream")
        #expect(stream.body.starts(with: [0xFF, 0xFF, 0xFF, 0xFF]))
    }

    @Test func `several queries come as parts`() throws {
        let answer = try ask(
            "multipart/mixed", #"{"refId":"B/1","points":3}"#, #"{"refId":"A","wave":"types"}"#,
            #"{"refId":"C","wave":"square"}"#)
        #expect(answer.status == 200)
        let type = try #require(answer["Content-Type"])
        let boundary = try #require(type.components(separatedBy: "boundary=").last)
        let parts = answer.text.components(separatedBy: "--\(boundary)").dropFirst().dropLast()
        #expect(parts.count == 3)
        #expect(
            parts.compactMap { part in
                part.components(separatedBy: "\r\n").first { $0.hasPrefix("X-Query-Ref-Id: ") }
            } == ["X-Query-Ref-Id: A", "X-Query-Ref-Id: B%2F1", "X-Query-Ref-Id: C"])
        #expect(parts.last?.contains(#""status":400"#) == true, "\(parts.last ?? "")")
        let tooMany = try ask("application/vnd.apache.arrow.file", #"{"refId":"A"}"#, #"{"refId":"B"}"#)
        #expect(tooMany.status == 406 && tooMany.isStatus, "\(tooMany.text.prefix(300))")
        let failed = try ask("application/vnd.apache.arrow.file", #"{"refId":"A","wave":"square"}"#)
        #expect(failed.status == 400 && failed.isStatus, "\(failed.text.prefix(300))")
    }
}
