import DataPlaneAPI
import NIOCore
import Testing

@testable import HTTPKit

/// What a request for a stream asks for.
struct StreamRequestTests {
    private func head(_ target: String = "/s", _ fields: String = "") throws -> RequestHead {
        var parser = RequestHeadParser(limits: HTTPLimits())
        var bytes = ByteBuffer(string: "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        return try #require(try parser.next(&bytes))
    }

    @Test(arguments: [
        ("text/event-stream", StreamFormat.events), ("application/x-ndjson", .lines), ("text/jsonl", .lines),
        ("*/*", .lines), ("application/jsonl; charset=utf-8", .lines), ("TEXT/Event-Stream;q=0.5", .events),
        ("application/x-ndjson;q=0.1, text/event-stream;q=0.9", .events), ("text/html, text/*;q=0.2", .events),
        ("text/event-stream;q=0, */*;q=0.1", .lines), ("", .lines),
    ])
    func `the format follows Accept`(accept: String, format: StreamFormat) throws {
        #expect(try StreamFormat.asked(by: head("/s", "Accept: \(accept)\r\n")) == format)
    }

    @Test func `an upgrade asks for a WebSocket, no Accept for lines, and other types for nothing we have`() throws {
        #expect(try StreamFormat.asked(by: WebSocketHandshakeTests.head()) == .webSocket)
        #expect(try StreamFormat.asked(by: head()) == .lines)
        for accept in ["text/html", "image/png, application/json", "text/event-stream;q=0"] {
            let error = #expect(throws: GatewayError.self) {
                _ = try StreamFormat.asked(by: head("/s", "Accept: \(accept)\r\n"))
            }
            #expect(error?.code == .notAcceptable)
        }
    }

    @Test func `the last event id comes from the header or the query`() throws {
        #expect(try head("/s", "last-event-ID: 4f-12\r\n").lastEventID == "4f-12")
        #expect(try head("/s?x=1&lastEventId=4f%2d12").lastEventID == "4f-12")
        #expect(try head().lastEventID == nil)
        #expect(try head("/s", "Last-Event-ID: \(String(repeating: "1", count: 65))\r\n").lastEventID == nil)
    }

    @Test func `data is unescaped as forms are, and a bad escape of it is a 400`() throws {
        #expect(try head("/s?data=%7B%22a%22%3A+1%7D&x=%zz").streamData() == Array(#"{"a": 1}"#.utf8))
        #expect(try head("/s?data").streamData() == [] && head("/s?x=1").streamData() == [])
        for query in ["data=%zz", "data=%4", "d%61ta=%"] {
            let error = #expect(throws: GatewayError.self) { try head("/s?\(query)").streamData() }
            #expect(error?.code == .badRequest)
            #expect(error?.message.hasPrefix("the query parameter data has a % that no two") == true)
        }
        #expect(try head("/s?lastEventId=%zz").lastEventID == nil)
    }

    @Test(
        arguments: [
            ("", nil), ("x=1", nil), ("pretty", true), ("pretty=1&x", true), ("%70retty=true", true),
            ("pretty=false", false),
            ("prettyish=1", nil), ("pretty=%zz", nil), ("x&pretty=0", false),
        ] as [(String, Bool?)])
    func `the query may wish for indented JSON`(query: String, wish: Bool?) throws {
        #expect(try head("/s?\(query)").prettyWish == wish)
    }
}
