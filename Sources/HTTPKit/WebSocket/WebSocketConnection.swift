import DataPlaneAPI
import NIOCore

/// A WebSocket over an exchange's connection: answers pings, keeps the closing handshake, hands messages on.
///
/// It belongs to the exchange's loop. Its owner calls `beat` now and then; there is no timer per connection.
package final class WebSocketConnection {
    /// What a connection takes.
    package struct Settings: Sendable {
        /// The most bytes of a client's message.
        package var messageLimit = 64 * 1024
        /// The setting that `messageLimit` comes from, for the reason of a 1009.
        package var messageSetting = "websocket-message-limit"
        /// So many beats without a pong end the connection.
        package var missedBeats = 2

        /// The defaults.
        package init() {}
    }

    /// Takes a client's message.
    package var onMessage: ((_ isText: Bool, ByteBuffer) -> Void)?
    /// Called once when the client has left or broken the rules; not after `close`.
    package var onEnd: (() -> Void)?
    /// Called when the client takes more bytes after `isWritable` was false.
    package var onWritable: (() -> Void)?

    private let exchange: Exchange
    private let settings: Settings
    private var reader: WebSocketReader
    private var isOpen = true
    private var isPaused = false
    private var isReading = false
    private var unanswered = 0

    private init(_ exchange: Exchange, _ settings: Settings) {
        self.exchange = exchange
        self.settings = settings
        reader = WebSocketReader(limit: settings.messageLimit, setting: settings.messageSetting)
    }

    /// Answers 101 and goes on as a WebSocket.
    ///
    /// - Parameter prepare: sets the callbacks, before a message that came along with the handshake is read.
    @discardableResult
    package static func accept(
        _ exchange: Exchange, _ handshake: WebSocketHandshake, settings: Settings = Settings(),
        prepare: (WebSocketConnection) -> Void
    ) -> WebSocketConnection {
        let connection = WebSocketConnection(exchange, settings)
        exchange.take(connection)
        exchange.upgrade(to: connection) {
            handshake.writeFields(into: &$0)
        } opened: {
            prepare(connection)
        }
        return connection
    }

    /// Whether the client keeps up.
    package var isWritable: Bool { isOpen && exchange.isWritable }

    /// Writes an encoded frame; it leaves with `flush`.
    package func write(_ frame: ByteBuffer) {
        guard isOpen else { return }
        exchange.write(frame)
    }

    /// Writes an encoded frame that other connections get too.
    package func write(_ frame: SharedPart) {
        guard isOpen else { return }
        exchange.write(frame)
    }

    /// Sends what has been written.
    package func flush() {
        if isOpen { exchange.flush() }
    }

    /// Sends a ping; ends the connection when the pongs to those before are missing.
    package func beat() {
        guard isOpen, !isPaused else { return }
        guard unanswered < settings.missedBeats else {
            exchange.abort()
            return
        }
        unanswered += 1
        write(WebSocketWriter.ping())
        flush()
    }

    /// Holds back the client's messages until `resume`.
    package func pause() {
        guard isOpen, !isPaused else { return }
        isPaused = true
        exchange.pauseBody()
    }

    /// Lets the client's messages come again.
    package func resume() {
        guard isOpen, isPaused else { return }
        isPaused = false
        exchange.resumeBody()
        read()
    }

    /// Sends a close frame and ends the connection; what the client still sends is thrown away.
    ///
    /// Our side of the socket is closed, theirs is read until they close it or a short time is up, so that the frame
    /// is never lost to a reset (RFC 6455 section 7.1.1).
    package func close(_ code: WebSocketCloseCode, _ reason: String = "") {
        end(WebSocketWriter.close(code, reason))
    }

    private func end(_ frame: ByteBuffer) {
        guard isOpen else { return }
        exchange.write(frame)
        isOpen = false
        letGo()
        exchange.end()
    }

    private func letGo() {
        exchange.letGo()
        onMessage = nil
        onEnd = nil
        onWritable = nil
    }

    private func read() {
        // Whoever takes a message may pause or close in it.
        guard !isReading else { return }
        isReading = true
        defer { isReading = false }
        while isOpen, !isPaused, let event = reader.next() {
            switch event {
            case .message(let isText, let bytes):
                unanswered = 0
                onMessage?(isText, bytes)
            case .ping(let payload):
                unanswered = 0
                // A client that sends pings and reads no pongs gets none.
                if exchange.isWritable { write(WebSocketWriter.pong(payload)) }
                flush()
            case .pong:
                unanswered = 0
            case .close(let code):
                leave(WebSocketWriter.close(code))
            case .violation(let code, let text):
                leave(WebSocketWriter.close(code, text))
            }
        }
    }

    private func leave(_ frame: ByteBuffer) {
        let told = onEnd
        end(frame)
        told?()
    }
}

extension WebSocketConnection: ExchangeOwner {
    package func exchangeAborted() {
        guard isOpen else { return }
        isOpen = false
        let told = onEnd
        letGo()
        told?()
    }

    package func exchangeWritable() { onWritable?() }
}

extension WebSocketConnection: RequestBodySink {
    /// Bytes of the client.
    package func bodyReceived(_ part: ByteBuffer) {
        guard isOpen else { return }
        reader.receive(part)
        read()
    }

    /// A tunnel has no end but the connection's.
    package func bodyEnded(_ trailers: HeaderBlock?) {}
}
