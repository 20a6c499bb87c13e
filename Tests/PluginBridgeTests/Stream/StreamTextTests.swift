import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import Testing

@testable import PluginBridge

/// What clients read, in each format.
struct StreamTextTests {
    private func text(_ buffer: ByteBuffer) -> String { String(buffer: buffer) }
    private let json = ByteBuffer(string: #"{"a":1}"#)

    @Test func `packets are the plugin's JSON`() {
        #expect(text(StreamText.data(json, id: "e-1", .events)) == "id: e-1\ndata: {\"a\":1}\n\n")
        #expect(text(StreamText.data(json, id: "e-1", .lines)) == #"{"type":"data","id":"e-1","data":{"a":1}}"# + "\n")
        let frame = Array(StreamText.data(json, id: nil, .webSocket).readableBytesView)
        #expect(Array(frame.prefix(2)) == [0x81, UInt8(frame.count - 2)])
        #expect(String(decoding: frame.dropFirst(2), as: UTF8.self) == #"{"type":"data","data":{"a":1}}"#)
    }

    @Test func `the gateway's own messages have a type`() throws {
        #expect(text(StreamText.subscribed(nil, id: "e-0", .events)) == "id: e-0\nevent: subscribed\ndata: null\n\n")
        #expect(
            text(StreamText.subscribed(json, id: "e-0", .lines))
                == #"{"type":"subscribed","id":"e-0","data":{"a":1}}"# + "\n")
        #expect(text(StreamText.dropped(3, .events)) == "event: dropped\ndata: {\"count\":3}\n\n")
        #expect(text(StreamText.ending(.finished, .lines)) == #"{"type":"end","reason":"finished"}"# + "\n")
        let error = GatewayError(.badGateway, "it said \"no\"\nand left")
        let line = text(StreamText.ending(.failed(error), .lines))
        let value = try JSONValue.parse(line)
        #expect(value["message"] == .string(error.message) && value["reason"] == "BadGateway")
        #expect(line.filter { $0 == "\n" }.count == 1)
        #expect(text(StreamText.ending(.failed(error), .events)).hasPrefix("event: error\ndata: {\"code\":502,"))
    }

    @Test func `every line of JSON lines is JSON`() throws {
        for ending in [StreamEnding.finished, .goingAway, .failed(GatewayError(.notFound, "x"))] {
            _ = try JSONValue.parse(text(StreamText.ending(ending, .lines)))
        }
        _ = try JSONValue.parse(text(try #require(StreamText.heartbeat(.lines))))
        _ = try JSONValue.parse(text(StreamText.dropped(1, .lines)))
        #expect(StreamText.heartbeat(.webSocket) == nil)
    }

    @Test func `packets are checked, put on one line, and known for full by their schema`() throws {
        func packet(_ text: String) throws(JSONError) -> StreamPacket {
            let bytes = Array(text.utf8)
            return try bytes.withUnsafeBytes { bytes in Result { () throws(JSONError) in try StreamPacket(bytes) } }
                .get()
        }
        #expect(try packet(#"{"data":{"values":[["\u0000"]]},"schema":{}}"#).isFull)
        #expect(try packet(" \n{\"sch\\u0065ma\":1} ").isFull)
        #expect(try !packet(#"{"data":{"schema":1}}"#).isFull)
        #expect(try !packet(#"["schema"]"#).isFull)
        #expect(text(try packet("{\n  \"a\": 1\r\n}\n").json) == "{   \"a\": 1  } ")
        for bad in ["", " ", "{", "{}{}", "{} x", "nul", "{\"a\":}", "[1,]", "\u{1}"] {
            #expect(throws: JSONError.self, "\(bad)") { _ = try packet(bad) }
        }
    }
}
