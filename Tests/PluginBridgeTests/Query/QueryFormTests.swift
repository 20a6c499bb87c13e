import NIOCore
import Testing

@testable import HTTPKit
@testable import PluginBridge

/// Which form an `Accept` asks for.
struct QueryFormTests {
    static let rows: [(accept: String, form: QueryForm)] = [
        ("", .json), ("*/*", .json), ("application/json", .json),
        ("text/html, application/xml;q=0.9, */*;q=0.8", .json),
        ("text/jsonl", .lines), ("application/json;q=0.5, text/jsonl", .lines), ("TEXT/JSONL;q=1", .lines),
        ("text/jsonlines", .json),
        ("application/vnd.apache.arrow.file", .arrow(.init(content: .file, isMultipart: false))),
        ("application/vnd.apache.arrow.stream, text/jsonl", .arrow(.init(content: .stream, isMultipart: false))),
        ("multipart/mixed", .arrow(.init(content: .file, isMultipart: true))),
        (
            "multipart/mixed, application/vnd.apache.arrow.stream",
            .arrow(.init(content: .stream, isMultipart: true))
        ),
    ]

    @Test(arguments: rows)
    func `DQ-12 the names decide`(row: (accept: String, form: QueryForm)) throws {
        var bytes = ByteBuffer(string: "POST / HTTP/1.1\r\nHost: h\r\nAccept: \(row.accept)\r\n\r\n")
        var parser = RequestHeadParser(limits: HTTPLimits())
        let head = try #require(try parser.next(&bytes))
        #expect(QueryForm(accepted: head.headers) == row.form)
    }
}
