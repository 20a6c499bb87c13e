import HTTPKit
import NIOCore
import NIOPosix

/// A transport that only notes what it is told.
package final class TestTransport: ExchangeTransport {
    package var isWritable = true
    package var isDraining = false
    /// What it was told, in this order.
    package private(set) var log: [String] = []
    /// The parts that others write too.
    package private(set) var shared: [SharedPart] = []
    /// Called at every flush.
    package var onFlush: () -> Void = {}

    package func deliver(to sink: any RequestBodySink, sendContinue: Bool) { log.append("deliver \(sendContinue)") }
    package func pauseBody() { log.append("pause") }
    package func resumeBody() { log.append("resume") }
    package func interim(_ status: Int, reason: UnsafeRawBufferPointer?, _ fields: (inout FieldWriter) -> Void) {
        log.append("interim \(status) \(text(fields))")
    }
    package func start(
        _ status: Int, reason: UnsafeRawBufferPointer?, body: BodyLength, statedLength: Int?,
        _ fields: (inout FieldWriter) -> Void
    ) {
        log.append("start \(status) \(body) \(text(fields))")
    }
    package func write(_ part: ByteBuffer) { log.append("write \(String(buffer: part))") }
    package func write(_ part: SharedPart) {
        shared.append(part)
        write(part.bytes)
    }
    package func flush() {
        log.append("flush")
        onFlush()
    }
    package func end(_ trailers: HeaderBlock?) { log.append("end") }
    package func retract() -> Bool { true }
    package func abort() { log.append("abort") }
    package func upgrade(
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

    /// A transport.
    package init() {}

    /// An exchange that it carries.
    ///
    /// - Throws: what the parser says of the head.
    package func exchange(
        _ head: String = "GET / HTTP/1.1\r\nHost: a\r\n",
        on loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) throws -> Exchange {
        var parser = RequestHeadParser(limits: HTTPLimits())
        var buffer = ByteBuffer(string: "\(head)\r\n")
        guard let request = try parser.next(&buffer) else { throw IncompleteHead() }
        return Exchange(request: request, loop: loop, peer: Peer(nil), transport: self)
    }

    /// The head has no end.
    package struct IncompleteHead: Error {}
}
