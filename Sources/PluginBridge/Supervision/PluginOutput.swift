import Logging
import PluginProtocol
import Synchronization

/// What a plugin process writes: the handshake goes to whoever starts it, everything else to the log.
final class PluginOutput: Sendable {
    /// What the start of a plugin waits for.
    enum StartEvent: Sendable {
        case line([UInt8])
        case exited(ProcessExit)
        case timeout
    }

    /// So many bytes of stderr are kept for the admin listener.
    private static let tailLimit = 64 * 1024

    private struct State {
        var handshakeDone = false
        var parser = PluginLogParser()
        var tail: [UInt8] = []
        var budget = LogBudget()
    }

    let events: AsyncStream<StartEvent>
    private let feed: AsyncStream<StartEvent>.Continuation
    private let state = Mutex(State())
    private let logger: Logger
    private let started = ContinuousClock.now

    init(logger: Logger) {
        self.logger = logger
        (events, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
    }

    /// The end of what the plugin wrote to stderr.
    ///
    /// It may hold secrets: only for the log and the admin listener.
    var tail: String { state.withLock { String(decoding: $0.tail, as: UTF8.self) } }

    /// From now on lines of standard output are log lines.
    func handshakeIsDone() { state.withLock { $0.handshakeDone = true } }

    /// Gives up waiting for the handshake.
    func timeOut() { feed.yield(.timeout) }

    /// Takes an event of the process; called on the thread that watches all processes.
    func take(_ event: ProcessEvent) {
        switch event {
        case .output(let line):
            if state.withLock({ $0.handshakeDone }) {
                guard logger.logLevel <= .debug, mayLog(line) else { return }
                logger.debug("\(String(decoding: line, as: UTF8.self))", metadata: ["stream": "stdout"])
            } else {
                feed.yield(.line(line))
            }
        case .errorOutput(let line):
            log(line)
        case .exited(let exit):
            feed.yield(.exited(exit))
            feed.finish()
        }
    }

    /// Logs a line of the plugin's own log.
    func log(_ line: [UInt8]) {
        let parsed = state.withLock { state in
            state.tail.append(contentsOf: line)
            state.tail.append(0x0A)
            if state.tail.count > Self.tailLimit { state.tail.removeFirst(state.tail.count - Self.tailLimit) }
            return state.parser.parse(line)
        }
        let level: Logger.Level =
            switch parsed.level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            }
        guard level >= logger.logLevel, mayLog(line) else { return }
        var metadata: Logger.Metadata = [:]
        for field in parsed.fields { metadata[Self.name(field.key)] = .stringConvertible(LogFieldValue(field.json)) }
        if let name = parsed.logger { metadata["module"] = "\(name)" }
        logger.log(level: level, "\(parsed.message)", metadata: metadata)
    }

    /// Keys that entries of the log have themselves.
    private static let taken: Set<String> = ["time", "level", "logger", "msg", "plugin", "module"]

    private static func name(_ key: String) -> String { taken.contains(key) ? "plugin_\(key)" : key }

    /// Whether the line is within what one plugin may write to the log; says when some were not.
    private func mayLog(_ line: [UInt8]) -> Bool {
        let age = (ContinuousClock.now - started).components
        let now = Double(age.seconds) + Double(age.attoseconds) / 1e18
        switch state.withLock({ $0.budget.judge(bytes: line.count, now: now) }) {
        case .drop:
            return false
        case .log(let leftOut):
            if leftOut > 0 {
                logger.warning(
                    "the plugin writes more than is logged; lower its log level",
                    metadata: ["lines_left_out": "\(leftOut)", "bytes_per_second": "\(LogBudget.bytesPerWindow)"])
            }
            return true
        }
    }
}
