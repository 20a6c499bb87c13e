import DataPlaneAPI
import HTTPTesting
import NIOCore
import Synchronization
import Testing

@testable import HTTPKit

/// Who is told what becomes of an exchange's client.
struct ExchangeOwnerTests {
    private final class Log: Sendable {
        private let noted = Mutex<[String]>([])
        var lines: [String] { noted.withLock { $0 } }
        func note(_ line: String) { noted.withLock { $0.append(line) } }
    }

    private final class Owner: ExchangeOwner {
        private let name: String
        private let log: Log

        init(_ name: String, _ log: Log) { (self.name, self.log) = (name, log) }

        func exchangeAborted() { log.note("\(name) aborted") }
        func exchangeWritable() { log.note("\(name) writable") }
    }

    private final class Thing: Sendable {
        private let log: Log

        init(_ log: Log) { self.log = log }
        deinit { log.note("given back") }
    }

    private let transport = TestTransport()
    private let log = Log()

    @Test func `the owner is told, once`() throws {
        let exchange = try transport.exchange()
        exchange.writable()
        exchange.take(Owner("a", log))
        exchange.writable()
        exchange.aborted()
        exchange.aborted()
        exchange.writable()
        #expect(log.lines == ["a writable", "a aborted"])
    }

    @Test func `who takes it over is told alone`() throws {
        let exchange = try transport.exchange()
        exchange.take(Owner("a", log))
        exchange.lend(to: Owner("part", log))
        exchange.take(Owner("b", log))
        exchange.writable()
        exchange.aborted()
        #expect(log.lines == ["b writable", "b aborted"])
    }

    @Test func `a part hears when more can be written, of an abort both`() throws {
        let exchange = try transport.exchange()
        exchange.take(Owner("a", log))
        exchange.lend(to: Owner("part", log))
        exchange.writable()
        exchange.giveBack()
        exchange.writable()
        exchange.lend(to: Owner("part", log))
        exchange.aborted()
        #expect(log.lines == ["part writable", "a writable", "part aborted", "a aborted"])
    }

    @Test func `a part needs no owner`() throws {
        let exchange = try transport.exchange()
        exchange.lend(to: Owner("part", log))
        exchange.writable()
        exchange.aborted()
        #expect(log.lines == ["part writable", "part aborted"])
    }

    @Test func `who let go hears nothing`() throws {
        let exchange = try transport.exchange()
        exchange.take(Owner("a", log))
        exchange.lend(to: Owner("part", log))
        exchange.letGo()
        exchange.writable()
        exchange.aborted()
        #expect(log.lines == [])
    }

    @Test func `a failure gives up what goes on and is answered`() throws {
        let exchange = try transport.exchange()
        exchange.take(Owner("a", log))
        exchange.fail(GatewayError(.serviceUnavailable, "no"))
        #expect(log.lines == ["a aborted"])
        #expect(transport.log.first?.hasPrefix("start 503 known(") == true)
        #expect(transport.log.last == "end")
        // Of an answer that has begun only the end of the connection tells.
        exchange.fail(GatewayError(.serviceUnavailable, "no"))
        #expect(transport.log.last == "abort")
    }

    @Test func `what is kept is given back at the end, and the owner is let go`() throws {
        let exchange = try transport.exchange()
        exchange.keep(Thing(log))
        exchange.take(Owner("a", log))
        exchange.close()
        exchange.aborted()
        #expect(log.lines == ["given back"])
        #expect(exchange.isOver)
    }

    @Test func `fields that every answer gets come last`() throws {
        let exchange = try transport.exchange()
        exchange.answerFields.add("Vary", "Origin")
        exchange.respond(204, contentType: nil, body: ByteBuffer()) { $0.add("A", "b") }
        #expect(transport.log == ["start 204 none A: b|Vary: Origin|", "end"])
    }
}
