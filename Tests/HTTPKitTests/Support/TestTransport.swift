import NIOCore
import NIOPosix
import Testing

@testable import HTTPKit

/// A transport that only notes what it is told.
final class TestTransport: ExchangeTransport {
    var isWritable = true
    var isDraining = false
    private(set) var log: [String] = []

    func deliver(to sink: any RequestBodySink, sendContinue: Bool) { log.append("deliver \(sendContinue)") }
    func pauseBody() { log.append("pause") }
    func resumeBody() { log.append("resume") }
    func interim(_ status: Int, reason: UnsafeRawBufferPointer?, _ fields: (inout FieldWriter) -> Void) {
        log.append("interim \(status) \(text(fields))")
    }
    func start(
        _ status: Int, reason: UnsafeRawBufferPointer?, body: BodyLength, statedLength: Int?,
        _ fields: (inout FieldWriter) -> Void
    ) {
        log.append("start \(status) \(body) \(text(fields))")
    }
    func write(_ part: ByteBuffer) { log.append("write \(String(buffer: part))") }
    func flush() { log.append("flush") }
    func end(_ trailers: HeaderBlock?) { log.append("end") }
    func retract() -> Bool { true }
    func abort() { log.append("abort") }
    func upgrade(
        reason: UnsafeRawBufferPointer?, to sink: any RequestBodySink, _ fields: (inout FieldWriter) -> Void,
        opened: () -> Void
    ) {
        log.append("upgrade \(text(fields))")
        opened()
    }

    private func text(_ fields: (inout FieldWriter) -> Void) -> String {
        var writer = FieldWriter(ByteBuffer())
        fields(&writer)
        return String(buffer: writer.out).replacing("\r\n", with: "|")
    }

    /// An exchange that it carries.
    func exchange(_ head: String = "GET / HTTP/1.1\r\nHost: a\r\n") throws -> Exchange {
        var parser = RequestHeadParser(limits: HTTPLimits())
        var buffer = ByteBuffer(string: "\(head)\r\n")
        let request = try #require(try parser.next(&buffer))
        return Exchange(
            request: request, loop: MultiThreadedEventLoopGroup.singleton.next(), peer: Peer(nil), transport: self)
    }
}
