import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// One resource call under way: turns the messages of a plugin into an HTTP answer.
///
/// Bound to the exchange's loop. A small first message waits a moment for what follows: when that is the end, as it is of
/// most answers, the answer leaves in one write, with its length.
final class ResourceAnswer {
    /// Bodies up to this size wait, bytes.
    private static let shortBody = 64 * 1024
    /// The most bytes of headers in an answer.
    private static let headLimit = 256 * 1024

    private let exchange: Exchange
    private let instance: PluginInstance
    private let settings: ResourceBridgeSettings
    private let budget: MemoryBudget
    private var call: GRPCCall?
    private var clock: CallClock?

    private var head: ResourceResponseHead?
    /// The first message's body while it waits.
    private var held: (body: MessageCursor, size: Int)?
    /// Ends the waiting.
    private var patience: Scheduled<Void>?
    private var writer: PacedBody?
    private var received = 0
    private var isDone = false
    /// Whether the answer is as long as the plugin said: nothing more can come, and nobody waits for the call's end.
    private var isWhole = false

    init(_ exchange: Exchange, _ instance: PluginInstance, _ settings: ResourceBridgeSettings, _ budget: MemoryBudget) {
        self.exchange = exchange
        self.instance = instance
        self.settings = settings
        self.budget = budget
    }

    func begin(_ call: GRPCCall) {
        self.call = call
        exchange.take(self)
        clock = CallClock(exchange.loop, seconds: settings.timeout) { [self] in timedOut() }
        call.read()
    }

    /// Takes what the call reports.
    func take(_ event: GRPCStreamEvent) {
        guard !isDone, !exchange.isOver else { return afterwards(event) }
        switch event {
        case .message(let message):
            do throws(GatewayError) {
                try take(message)
            } catch {
                fail(error)
            }
        case .finished(let failure):
            finished(failure)
        }
    }

    /// What comes when the answer has left as a whole.
    private func afterwards(_ event: GRPCStreamEvent) {
        clock?.cancel()
        if case .message = event { call?.cancel() }
        call = nil
    }

    private func take(_ message: GRPCMessage) throws(GatewayError) {
        clock?.restart(seconds: settings.idleTimeout)
        let charge = try budget.take(message.count, isFirst: head == nil)
        let piece: CallResourcePiece
        do throws(WireError) {
            piece = try CallResourcePiece(message, headLimit: Self.headLimit)
        } catch {
            throw PluginFault.unreadable(error.description, instance.pluginID)
        }
        received += piece.bodySize
        if let limit = settings.responseLimit, received > limit {
            throw fault("sent more than \(limit) bytes (setting plugin-response-limit)")
        }
        guard let head else { return try takeFirst(piece, charge) }
        release(head)
        write(piece.body, piece.bodySize, charge)
    }

    private func takeFirst(_ piece: CallResourcePiece, _ charge: MemoryBudget.Charge) throws(GatewayError) {
        let head = try ResourceResponseHead(piece, pluginID: instance.pluginID)
        self.head = head
        if exchange.request.method == .head {
            // Whatever body follows is of no use to anybody.
            startBare(head, statedLength: head.status == 204 ? nil : head.statedLength)
            end()
            return stop()
        }
        guard head.allowsBody else {
            // The plugin may have more to do, and it may fail.
            self.call?.read()
            return
        }
        if piece.bodySize == head.statedLength {
            start(head, .known(piece.bodySize))
            isWhole = true
            return write(piece.body, piece.bodySize, charge)
        }
        guard piece.bodySize <= Self.shortBody else {
            start(head, .unknown)
            return write(piece.body, piece.bodySize, charge)
        }
        held = (piece.body, piece.bodySize)
        call?.read()
        // An event stream goes on for certain.
        if head.isEventStream { return release(head) }
        patience = exchange.loop.assumeIsolated().scheduleTask(in: settings.patience) { [self] in
            if !isDone, !exchange.isOver { release(head) }
            withExtendedLifetime(charge) {}
        }
    }

    private func takeHeld() -> (body: MessageCursor, size: Int)? {
        patience?.cancel()
        patience = nil
        defer { held = nil }
        return held
    }

    /// Starts the answer with a body whose length nobody knows, when it still waits.
    private func release(_ head: ResourceResponseHead) {
        guard let (body, size) = takeHeld() else { return }
        start(head, .unknown)
        exchange.write(Self.piece(body, size))
        exchange.flush()
    }

    private func start(_ head: ResourceResponseHead, _ body: BodyLength) {
        exchange.start(status: head.status, body: body) { head.write(into: &$0) }
        let writer = PacedBody(exchange)
        self.writer = writer
        exchange.lend(to: writer)
        guard head.isEventStream else { return }
        exchange.whenDraining { [weak self] in
            guard let self, !isDone else { return }
            stop()
            end()
        }
    }

    /// Writes a head that no body follows.
    private func startBare(_ head: ResourceResponseHead, statedLength: Int?) {
        exchange.start(status: head.status, body: .none, statedLength: statedLength) { head.write(into: &$0) }
    }

    /// Writes the body of one message; the next one is asked for when the client has taken it.
    private func write(_ body: MessageCursor, _ size: Int, _ charge: MemoryBudget.Charge) {
        guard let writer else {
            // A status without a body.
            call?.read()
            return
        }
        var body = body
        var left = size
        clock?.pause()
        writer.add {
            guard left > 0 else { return nil }
            let piece = Self.take(&body, min(left, PacedBody.pieceSize))
            left = piece.readableBytes == 0 ? 0 : left - piece.readableBytes
            withExtendedLifetime(charge) {}
            return piece
        }
        writer.drained { [self] in
            if isWhole { end() } else { clock?.restart(seconds: settings.idleTimeout) }
            call?.read()
        }
    }

    private func finished(_ failure: GRPCError?) {
        call = nil
        // Everything that the plugin stated has come: how the call ends changes nothing of it.
        if let failure, !isWhole {
            return fail(PluginFault.error(failure, of: .callResource, instance: instance, timeout: settings.timeout))
        }
        guard let head else { return fail(fault("sent an empty answer")) }
        if !head.allowsBody {
            startBare(head, statedLength: head.status == 304 ? head.statedLength : nil)
        } else if let (body, size) = takeHeld() {
            if size == 0 {
                startBare(head, statedLength: 0)
            } else {
                start(head, .known(size))
                exchange.write(Self.piece(body, size))
            }
        } else if let writer, !writer.isDrained {
            clock?.pause()
            return writer.drained { [self] in end() }
        }
        end()
    }

    private func end() {
        isDone = true
        // The plugin may have something left to do behind a whole answer, but not for ever.
        if isWhole, call != nil { clock?.restart(seconds: settings.timeout) } else { clock?.cancel() }
        exchange.letGo()
        exchange.end()
    }

    private func fail(_ error: GatewayError) {
        stop()
        exchange.letGo()
        exchange.respond(error)
    }

    private func stop() {
        isDone = true
        clock?.cancel()
        _ = takeHeld()
        writer?.cancel()
        call?.cancel()
        call = nil
    }

    private func timedOut() {
        guard !isDone, !exchange.isOver else {
            call?.cancel()
            call = nil
            return
        }
        let code = GRPCError(code: .deadlineExceeded, message: "")
        let seconds = head == nil ? settings.timeout : settings.idleTimeout ?? settings.timeout
        fail(PluginFault.error(code, pluginID: instance.pluginID, timeout: seconds))
    }

    private func fault(_ what: String) -> GatewayError {
        GatewayError(.badGateway, "plugin \(instance.pluginID) \(what)", source: .plugin)
    }

    private static func piece(_ body: MessageCursor, _ size: Int) -> ByteBuffer {
        var body = body
        return take(&body, size)
    }

    private static func take(_ body: inout MessageCursor, _ size: Int) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        while buffer.readableBytes < size, body.next(size - buffer.readableBytes, { buffer.writeBytes($0) }) > 0 {}
        return buffer
    }
}

extension ResourceAnswer: ExchangeOwner {
    /// The plugin shall not work for a client that is gone.
    func exchangeAborted() { stop() }
}
