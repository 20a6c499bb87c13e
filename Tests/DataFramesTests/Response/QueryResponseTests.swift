import Bytes
import Testing

@testable import DataFrames

@Suite("Query answers")
struct QueryResponseTests {
    private typealias Answer = QueryDataResponseBytes.Answer

    private func body(_ answers: [Answer], _ writer: QueryResponseWriter = QueryResponseWriter()) throws -> String {
        String(decoding: try answerJSON(QueryDataResponseBytes.write(answers), writer), as: UTF8.self)
    }

    @Test("DR-04, DR-05: refIds are sorted by their bytes, and of equal ones the last wins")
    func order() throws {
        let text = try body([
            Answer(refID: "b", status: 201), Answer(refID: "B", status: 202), Answer(refID: "", status: 203),
            Answer(refID: "b", status: 204), Answer(refID: "BB", status: 205),
        ])
        let entry = { (id: String, status: Int) in "\"\(id)\":{\"status\":\(status),\"frames\":[]}" }
        #expect(text == "{\"results\":{\(entry("", 203)),\(entry("B", 202)),\(entry("BB", 205)),\(entry("b", 204))}}")
    }

    @Test("DR-01, DR-15: a number that is no HTTP status is 500", arguments: [0, -1, 99, 600, 999] as [Int32])
    func status(number: Int32) throws {
        #expect(try body([Answer(refID: "A", status: number)]) == #"{"results":{"A":{"status":500,"frames":[]}}}"#)
    }

    @Test("An error has its source and keeps its frames")
    func error() throws {
        let frame = Array(#"{"schema":{"fields":[]},"data":{"values":[]}}"#.utf8)
        let text = try body([
            Answer(refID: "A", frames: [frame], status: 502, error: "no <b>", errorSource: "downstream", format: 1)
        ])
        #expect(
            text == #"{"results":{"A":{"error":"no \u003cb\u003e","errorSource":"downstream","status":502,"#
                + #""frames":[{"schema":{"fields":[]},"data":{"values":[]}}]}}}"#)
    }

    @Test("DR-16: a status of 400 and more without an error text is no error")
    func statusOnly() throws {
        #expect(try body([Answer(refID: "A", status: 404)]) == #"{"results":{"A":{"status":404,"frames":[]}}}"#)
    }

    @Test("A JSON frame that is not one value is an error of its refId, the others are answered")
    func badJSON() throws {
        let good = Array("{}".utf8)
        let text = try body([
            Answer(refID: "A", frames: [good, Array("{} {}".utf8)], format: 1),
            Answer(refID: "B", frames: [good], format: 1),
        ])
        #expect(text.contains(#""A":{"error":"frame 1 of the plugin's answer can't be read: it is not exactly one"#))
        #expect(text.contains(#""errorSource":"plugin","status":500,"frames":[{}]}"#))
        #expect(text.contains(#""B":{"status":200,"frames":[{}]}"#))
    }

    @Test("A JSON frame that is no object is an error of its refId", arguments: ["null", "[]", "1", "\"x\"", " true "])
    func noObject(frame: String) throws {
        let text = try body([
            Answer(refID: "A", frames: [Array("{}".utf8), Array(frame.utf8)], format: 1), Answer(refID: "B"),
        ])
        #expect(
            text
                == #"{"results":{"A":{"error":"frame 1 of the plugin's answer can't be read: it is a JSON value, but not an "#
                + #"object","errorSource":"plugin","status":500,"frames":[{}]},"B":{"status":200,"frames":[]}}}"#)
        var out = JSONOutput()
        try QueryDataResponseBytes.write([Answer(refID: "A", frames: [Array(frame.utf8)], format: 1)]).withUnsafeBytes {
            try QueryLines.write($0, asked: ["A"], missing: "", to: &out)
        }
        let lines = out.take().withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(
            lines.hasPrefix(
                #"{"refId":"A","frameId":"0","error":"a frame of the plugin's answer can't be read: it is "#))
    }

    @Test(
        "A JSON frame without a refId gets that of its answer, as an Arrow frame does",
        arguments: [
            (#"{"schema":{"fields":[]},"data":{}}"#, #"{"schema":{"refId":"é\"","fields":[]},"data":{}}"#),
            (
                #"{ "data" : { "schema":{} }, "schema" : { } }"#,
                #"{ "data" : { "schema":{} }, "schema" : {"refId":"é\"" } }"#
            ),
            (
                #"{"schema":{"name":"refId","refId":"", "x":"}"}}"#,
                #"{"schema":{"name":"refId","refId":"é\"", "x":"}"}}"#
            ),
            (#"{"schema":{"refId":null}}"#, #"{"schema":{"refId":"é\""}}"#),
            (
                #"{"schema":{"meta":{"refId":"M","a":[1,"]",{}]},"fields":[]}}"#,
                #"{"schema":{"refId":"é\"","meta":{"refId":"M","a":[1,"]",{}]},"fields":[]}}"#
            ),
            (#"{"schema":{"meta":{},"refId":"own"}}"#, #"{"schema":{"meta":{},"refId":"own"}}"#),
            (#"{"data":{"values":[["\"schema\":{"]]}}"#, #"{"data":{"values":[["\"schema\":{"]]}}"#),
            (#"{"schema":null}"#, #"{"schema":null}"#), (#"{"schema":"x\\"}"#, #"{"schema":"x\\"}"#), ("{}", "{}"),
        ])
    func refIDsOfJSON(frame: String, expected: String) throws {
        let answer = Answer(refID: "é\"", frames: [Array(frame.utf8)], format: 1)
        let text = try body([answer], QueryResponseWriter(fillsRefID: true))
        #expect(text == "{\"results\":{\"é\\\"\":{\"status\":200,\"frames\":[\(expected)]}}}")
        #expect(try body([answer]).contains(frame))
    }

    @Test(
        "Texts of an enum that are null, empty or missing stay what they are",
        arguments: [
            (#"{"enum":{"text":null}}"#, #"{"enum":{"text":null}}"#),
            (#"{"enum":{"text":[]}}"#, #"{"enum":{"text":[]}}"#),
            (#"{"enum":{}}"#, #"{"enum":{}}"#),
            (#"{"enum":{"color":[],"TEXT":["a",null]}}"#, #"{"enum":{"text":["a",""]}}"#),
            (#"{"enum":null}"#, "{}"),
        ])
    func enumTexts(type: String, expected: String) throws {
        var out = ByteWriter(capacity: 64)
        try Array("{\"type\":\(type)}".utf8).withUnsafeBytes { bytes in
            try ConfigForm.write(try SmallJSON.parse(bytes), "config", to: &out)
        }
        #expect(String(decoding: out.array(), as: UTF8.self) == "{\"type\":\(expected)}")
    }

    @Test("RefIds that were asked and not answered get the given error, in order")
    func missing() throws {
        let writer = QueryResponseWriter(
            asked: ["C", "A", "B", "A"], missing: .init(message: "no answer", errorSource: "plugin", status: 502))
        let text = try body([Answer(refID: "B")], writer)
        let absent = #"{"error":"no answer","errorSource":"plugin","status":502,"frames":[]}"#
        #expect(text == #"{"results":{"A":\#(absent),"B":{"status":200,"frames":[]},"C":\#(absent)}}"#)
    }

    @Test("DR-06: no answers are an empty object")
    func nothing() throws {
        #expect(try body([]) == #"{"results":{}}"#)
    }

    @Test("DR-17: what is not a QueryDataResponse is an error before the first byte")
    func notAMessage() {
        for bytes in [[0x0a], [0x0a, 5, 1], [0x0b], [0x00], [0x0a, 3, 0x12, 9, 1]] as [[UInt8]] {
            var out = JSONOutput()
            _ = bytes.withUnsafeBytes { message in
                #expect(throws: FrameError.self) { try QueryResponseWriter().write(message, to: &out) }
            }
            #expect(out.text.count == 0)
        }
    }

    @Test("Nothing more is written once nobody wants it", arguments: [false, true])
    func abandoned(indents: Bool) throws {
        let rows = 400_000
        for field in [
            Field.numbers("v", (0..<rows).map { Double($0) / 7 }), .strings("s", (0..<rows).map { "text \($0)" }),
        ] {
            let frame = Frame(fields: [field, .numbers("w", (0..<rows).map(Double.init))])
            let message = QueryDataResponseBytes.write([Answer(refID: "A", frames: [try frame.arrow()])])
            var size = 0
            var out = JSONOutput(indents: indents) { chunk in
                size += chunk.count
            } isWanted: {
                size == 0
            }
            try message.withUnsafeBytes { try QueryResponseWriter().write($0, to: &out) }
            // One chunk that was wanted, and what was in hand when that was known.
            #expect(out.isAbandoned && size < 1_000_000, "\(size)")
        }
    }

    @Test("A big answer comes in chunks that together are the whole text", arguments: [false, true])
    func chunks(indents: Bool) throws {
        let frame = Frame(fields: [
            .numbers("v", (0..<50_000).map { Double($0) / 7 }), .strings("s", (0..<50_000).map { "text \($0)" }),
        ])
        let message = QueryDataResponseBytes.write([Answer(refID: "A", frames: [try frame.arrow()])])
        var pieces: [[UInt8]] = []
        var out = JSONOutput(indents: indents) { chunk in pieces.append(chunk.withBytes { Array($0) }) }
        try message.withUnsafeBytes { try QueryResponseWriter().write($0, to: &out) }
        #expect(pieces.count > 3)
        #expect(pieces.dropLast().allSatisfy { $0.count >= 262_144 && $0.count < 400_000 })
        #expect(try Array(pieces.joined()) == answerJSON(message, indents: indents))
    }
}
