import NIOCore
import Testing

@testable import HTTPKit

/// Events as the HTML standard reads them.
struct EventStreamTests {
    private func text(event: String? = nil, id: String? = nil, _ data: String) -> String {
        var out = ByteBuffer()
        Array(data.utf8).withUnsafeBytes { EventStream.write(event: event, id: id, data: $0, into: &out) }
        return String(buffer: out)
    }

    @Test func `an event has its fields in lines and ends with an empty one`() {
        #expect(text("{}") == "data: {}\n\n")
        #expect(text(event: "end", id: "a-1", "x") == "id: a-1\nevent: end\ndata: x\n\n")
        #expect(text("") == "data: \n\n")
    }

    @Test func `line ends of every kind begin a new data line`() {
        #expect(text("a\nb\r\nc\rd") == "data: a\ndata: b\ndata: c\ndata: d\n\n")
        #expect(text("a\n") == "data: a\ndata: \n\n")
        #expect(text("\r\n\n\r") == "data: \ndata: \ndata: \ndata: \n\n")
    }

    @Test func `no id and no type can add a field or an event`() {
        #expect(
            text(event: "x\r\ndata: y", id: "1\n\ndata: z\u{0}", "d") == "id: 1data: z\nevent: xdata: y\ndata: d\n\n")
    }

    @Test func `the retry time is a field of its own`() {
        var out = ByteBuffer()
        EventStream.writeRetry(1500, into: &out)
        #expect(String(buffer: out) == "retry: 1500\n\n")
    }
}
