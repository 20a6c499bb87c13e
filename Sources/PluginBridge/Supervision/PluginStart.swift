import DataPlaneAPI
import Logging
import PluginProtocol
import RPC
import Synchronization
import SystemKit

/// Why a plugin doesn't run.
struct StartFailure: Error, Sendable, CustomStringConvertible {
    /// What another try may change.
    enum Kind: Sendable {
        /// There is nothing to start.
        case absent
        /// It can't be executed as it is.
        case unusable
        /// Its process ended, or had to be ended.
        case ended
    }

    /// The cause, for everybody: conditions, answers, logs.
    let description: String
    let kind: Kind

    init(_ description: String, _ kind: Kind = .ended) {
        self.description = description
        self.kind = kind
    }
}

/// The way of a process from its start to the answer that it serves.
///
/// Nothing here outlasts the process: its end, for whatever reason, ends the wait for its line or its answer at once.
struct PluginStart: Sendable {
    /// For messages.
    let executable: String
    /// For all of it, seconds.
    let timeout: Double
    let runtime: GRPCRuntime
    let logger: Logger

    /// Between two tries to connect.
    private static let pause = Duration.milliseconds(100)
    /// For one try, seconds; a plugin that is busy may need several.
    private static let tryTimeout = 2.0
    /// After this time it is said what stands in the way; a plugin that is only slow is done before.
    private static let patience = Duration.seconds(1)

    /// Waits for the handshake and then until the plugin serves.
    ///
    /// - Parameters:
    ///   - answering: told once that the plugin answers, whatever it says.
    ///   - waiting: told what stands in the way while there is time left.
    func connect(
        _ output: PluginOutput, answering: @escaping @Sendable (GRPCChannel) async -> Void,
        waiting: @escaping @Sendable (String) async -> Void
    ) async throws(StartFailure) -> GRPCChannel {
        let timeout = timeout
        let timer = Task {
            try await Task.sleep(for: .seconds(timeout))
            output.timeOut()
        }
        defer { timer.cancel() }
        let address = try await handshake(output)
        let channel: GRPCChannel
        do { channel = try GRPCChannel(runtime: runtime, address: address) } catch {
            throw StartFailure("it can't be connected to: \(error.message)")
        }
        let contact = Task { await Self.contact(channel, address, answering, waiting) }
        let watcher = Task { () -> PluginOutput.StartEvent? in
            for await event in output.events {
                if case .line = event { continue }
                contact.cancel()
                return event
            }
            return nil
        }
        defer { watcher.cancel() }
        let last = await contact.value
        if last == .serving { return channel }
        if case .exited(let exit) = await watcher.value {
            throw StartFailure(
                "its process ended with \(exit) right after its handshake, before it "
                    + (last == .silent ? "answered at \(address)" : "was ready: \(HealthRecord.notServing)"))
        }
        guard last == .silent else {
            throw StartFailure("\(HealthRecord.notServing), still after \(PluginDown.rounded(timeout)) s")
        }
        let finding = await AddressProbe.look(address).finding
        throw StartFailure("\(Self.place(address)) \(finding): no answer within \(PluginDown.rounded(timeout)) s")
    }

    private static func place(_ address: PluginAddress) -> String { "it printed its address \(address), but" }

    /// Asks until the plugin serves; gives what it said last when it is cancelled.
    private static func contact(
        _ channel: GRPCChannel, _ address: PluginAddress, _ answering: @Sendable (GRPCChannel) async -> Void,
        _ waiting: @Sendable (String) async -> Void
    ) async -> HealthFinding {
        var next = ContinuousClock.now + patience
        var last = HealthFinding.silent
        while !Task.isCancelled {
            let finding = await channel.health(within: tryTimeout)
            if finding == .serving { return finding }
            guard !Task.isCancelled else { break }
            if finding == .notServing, last == .silent { await answering(channel) }
            last = finding
            if ContinuousClock.now >= next {
                let isHeard = finding == .notServing
                let why =
                    isHeard ? HealthRecord.notServing : "\(place(address)) \(await AddressProbe.look(address).finding)"
                if !Task.isCancelled { await waiting(why) }
                next = .now + patience
            }
            _ = try? await Task.sleep(for: pause)
            channel.resetBackoff()
        }
        return last
    }

    private func handshake(_ output: PluginOutput) async throws(StartFailure) -> PluginAddress {
        var noise = 0
        for await event in output.events {
            switch event {
            case .line(let line):
                // Longer lines come in pieces of this size.
                guard line.count < Handshake.longestLine else {
                    throw StartFailure(
                        "it wrote a line of \(Handshake.longestLine) bytes or more to standard output where its handshake "
                            + "should be, which is one short line")
                }
                // Programs print a banner now and then; only lines with a bar can be the handshake.
                guard line.contains(UInt8(ascii: "|")) || noise >= 100 else {
                    noise += 1
                    let shown = String(decoding: line.prefix(200), as: UTF8.self)
                    logger.warning("plugin wrote to stdout before its handshake: \(shown)")
                    continue
                }
                do throws(HandshakeError) {
                    let handshake = try Handshake.parse(line)
                    output.handshakeIsDone()
                    return handshake.address
                } catch {
                    throw StartFailure("it did not start: \(error)")
                }
            case .exited(let exit):
                throw StartFailure(
                    "its process ended with \(exit) before its handshake\(hint(exit)); its log tells more")
            case .timeout:
                throw StartFailure("it printed no handshake within \(PluginDown.rounded(timeout)) s")
            }
        }
        throw StartFailure("its output ended before its handshake")
    }

    /// What shells and `env` mean by their exit codes.
    private func hint(_ exit: ProcessExit) -> String {
        guard exit == .code(127) || exit == .code(126) else { return "" }
        guard let wanted = ExecutableFile.wantedOfEnv(executable) else { return " (a command was not found)" }
        return " (its interpreter \"\(wanted)\", which its first line names, was not found)"
    }
}
