import NIOCore
import Testing

@testable import HTTPKit

/// The frames of RFC 6455 section 5, in the groups of the Autobahn test suite.
struct WebSocketReaderTests {
    @Test func `the examples of the RFC are read`() {
        #expect(
            WebSocketReader.events([[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]])
                == [.text("Hello")])
        #expect(
            WebSocketReader.events([[0x89, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]])
                == [.ping(ByteBuffer(string: "Hello"))])
    }

    @Test(arguments: [0, 1, 125, 126, 127, 128, 65_535, 65_536, 70_000])
    func `messages of every length form come whole, however they are cut`(length: Int) {
        let payload = (0..<length).map { UInt8(0x20 + $0 % 64) }
        for opcode in [UInt8(1), 2] {
            let bytes = ClientFrame.frame(opcode, payload)
            let expected = [WebSocketEvent.message(isText: opcode == 1, ByteBuffer(bytes: payload))]
            #expect(WebSocketReader.events([bytes]) == expected)
            for cut in [1, 2, 3, 5, 7, 13, bytes.count - 1] where cut < bytes.count {
                #expect(WebSocketReader.events([Array(bytes[..<cut]), Array(bytes[cut...])]) == expected)
            }
            if length < 200 { #expect(WebSocketReader.events(bytes.map { [$0] }) == expected) }
        }
    }

    @Test func `fragments are joined and control frames may come between them`() {
        let bytes =
            ClientFrame.text("frag", isFinal: false) + ClientFrame.frame(9, Array("p".utf8))
            + ClientFrame.more([], isFinal: false) + ClientFrame.frame(10, [])
            + ClientFrame.more(Array("ment".utf8), isFinal: true) + ClientFrame.text("next")
        let expected: [WebSocketEvent] = [
            .ping(ByteBuffer(string: "p")), .pong(ByteBuffer()), .text("fragment"), .text("next"),
        ]
        #expect(WebSocketReader.events([bytes]) == expected)
        #expect(WebSocketReader.events(bytes.map { [$0] }) == expected)
    }

    @Test func `broken frames are protocol errors and end the reading`() {
        let broken: [[UInt8]] = [
            ClientFrame.frame(1, [], isMasked: false),
            ClientFrame.frame(1, [], reserved: 1), ClientFrame.frame(1, [], reserved: 4),
            ClientFrame.frame(3, []), ClientFrame.frame(7, []), ClientFrame.frame(11, []), ClientFrame.frame(15, []),
            ClientFrame.frame(9, [], isFinal: false), ClientFrame.frame(8, [], isFinal: false),
            ClientFrame.frame(9, [UInt8](repeating: 0, count: 126)),
            ClientFrame.more([], isFinal: true),
            ClientFrame.text("a", isFinal: false) + ClientFrame.text("b"),
            ClientFrame.text("a") + ClientFrame.more([], isFinal: true),
            // Lengths that have a shorter form, and a negative one.
            [0x81, 0xFE, 0, 125], [0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF],
            [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0],
            ClientFrame.frame(8, [3]),
        ]
        for bytes in broken {
            #expect(WebSocketReader.violation(bytes) == .protocolError, "\(bytes.prefix(20))")
            let events = WebSocketReader.events(bytes.map { [$0] } + [ClientFrame.text("after")])
            #expect(events.last != .text("after") && events.count <= 2)
        }
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    func `a close code that may not be sent is a protocol error`(code: UInt16) {
        #expect(WebSocketReader.violation(ClientFrame.close(code)) == .protocolError)
    }

    @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999] as [UInt16])
    func `a close frame ends the reading`(code: UInt16) {
        let bytes = ClientFrame.close(code, Array("bye é".utf8)) + ClientFrame.text("late")
        #expect(WebSocketReader.events([bytes]) == [.close(WebSocketCloseCode(rawValue: code))])
        #expect(WebSocketReader.events([ClientFrame.frame(8, [])]) == [.close(nil)])
    }

    @Test func `a close reason must be UTF-8`() {
        #expect(WebSocketReader.violation(ClientFrame.close(1000, [0xC3])) == .invalidPayload)
        #expect(WebSocketReader.violation(ClientFrame.close(1000, [0xFF])) == .invalidPayload)
    }

    @Test func `text is checked across fragments and refused as early as can be`() {
        let text = Array("κόσμε \u{1F600}".utf8)
        for cut in 0...text.count {
            let bytes =
                ClientFrame.frame(1, Array(text[..<cut]), isFinal: false)
                + ClientFrame.more(Array(text[cut...]), isFinal: true)
            #expect(WebSocketReader.events([bytes]) == [.text("κόσμε \u{1F600}")])
        }
        #expect(WebSocketReader.violation(ClientFrame.frame(1, Array(text.dropLast()))) == .invalidPayload)
        // The rest of the frame need not come for that.
        let long = ClientFrame.frame(1, [0x61, 0xF4, 0x90, 0x80, 0x80] + [UInt8](repeating: 0x61, count: 1000))
        #expect(WebSocketReader.violation(Array(long.prefix(20))) == .invalidPayload)
        let bytes = ClientFrame.frame(2, [0xFF, 0xFE])
        #expect(WebSocketReader.events([bytes]) == [.message(isText: false, ByteBuffer(bytes: [0xFF, 0xFE]))])
    }

    @Test func `a message above the limit is refused by its head, also as a sum of fragments`() {
        #expect(
            WebSocketReader.violation(
                Array(ClientFrame.frame(2, [UInt8](repeating: 0, count: 11)).prefix(2)), limit: 10) == .messageTooBig)
        #expect(WebSocketReader.events([ClientFrame.frame(2, [UInt8](repeating: 0, count: 10))], limit: 10).count == 1)
        let parts =
            ClientFrame.frame(2, [UInt8](repeating: 0, count: 6), isFinal: false)
            + ClientFrame.more([UInt8](repeating: 0, count: 5), isFinal: true)
        #expect(WebSocketReader.violation(parts, limit: 10) == .messageTooBig)
        let huge: [UInt8] = [0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4]
        #expect(WebSocketReader.violation(huge) == .messageTooBig)
    }

    @Test func `UTF-8 is judged as the standard library judges it`() {
        var samples: [[UInt8]] = [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF5, 0x80], [0x80]]
        for first in UInt8(0x7E)...0xFF {
            for second in stride(from: UInt8(0x70), through: 0xF0, by: 16) {
                samples += [[first], [first, second], [first, second, 0x80], [first, second, 0x80, 0xBF]]
            }
        }
        for sample in samples {
            var check = UTF8Check()
            let isWell = sample.withUnsafeBytes { check.take($0) } && check.isComplete
            #expect(isWell == (String(validating: sample, as: UTF8.self) != nil), "\(sample)")
        }
    }
}
