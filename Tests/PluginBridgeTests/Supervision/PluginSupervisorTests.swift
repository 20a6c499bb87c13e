import DataPlaneAPI
import Foundation
import RPC
import Synchronization
import Testing

@testable import PluginBridge
@testable import PluginProtocol

/// What becomes of a plugin whose processes a test plays.
@Suite(.timeLimit(.minutes(1)))
struct PluginSupervisorTests {
    /// A process that ends when it is told to, or killed.
    private final class Played: RunningProcess {
        private struct State {
            var exit: ProcessExit?
            var waiting: [CheckedContinuation<ProcessExit, Never>] = []
            var signals: [Int32] = []
        }

        let pid: Int32
        let say: @Sendable (ProcessEvent) -> Void
        private let heeds: Bool
        private let state = Mutex(State())

        init(_ pid: Int32, heeds: Bool, _ say: @escaping @Sendable (ProcessEvent) -> Void) {
            (self.pid, self.heeds, self.say) = (pid, heeds, say)
        }

        var signals: [Int32] { state.withLock { $0.signals } }

        func signal(_ number: Int32) {
            state.withLock { $0.signals.append(number) }
            if heeds || number == SIGKILL { end(.signal(number)) }
        }

        func kill() { signal(SIGKILL) }

        func end(_ exit: ProcessExit) {
            let waiting = state.withLock { state in
                if state.exit == nil { state.exit = exit }
                defer { state.waiting = [] }
                return state.waiting
            }
            say(.exited(exit))
            for continuation in waiting { continuation.resume(returning: exit) }
        }

        func exited() async -> ProcessExit {
            await withCheckedContinuation { continuation in
                let exit = state.withLock { state in
                    if state.exit == nil { state.waiting.append(continuation) }
                    return state.exit
                }
                if let exit { continuation.resume(returning: exit) }
            }
        }
    }

    private struct Stage: PluginLauncher {
        let launched: AsyncStream<Played>
        private let feed: AsyncStream<Played>.Continuation
        private let count = Counter()
        private let heeds: Bool

        init(heeds: Bool = true) {
            self.heeds = heeds
            (launched, feed) = AsyncStream.makeStream(of: Played.self)
        }

        private final class Counter: Sendable {
            let value = Atomic<Int32>(0)
        }

        func launch(
            _ request: ProcessRequest, onEvent: @escaping @Sendable (ProcessEvent) -> Void
        ) async throws(ProcessError) -> any RunningProcess {
            let process = Played(count.value.add(1, ordering: .relaxed).newValue, heeds: heeds, onEvent)
            feed.yield(process)
            return process
        }
    }

    private func supervisor(
        _ stage: Stage, startTimeout: Double = 30
    ) throws -> (PluginSupervisor, AsyncStream<PluginState>) {
        let (states, feed) = AsyncStream.makeStream(of: PluginState.self)
        let folder = FileManager.default.temporaryDirectory.path + "/sv-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        var settings = PluginHostSettings(runtimeDir: folder, startTimeout: startTimeout, environment: [:])
        settings.launcher = stage
        settings.stopTimeout = 0.05
        try FileManager.default.createDirectory(atPath: "\(folder)/p", withIntermediateDirectories: true)
        try Data(#"{"type":"datasource","id":"p","backend":true,"executable":"x"}"#.utf8)
            .write(to: URL(fileURLWithPath: "\(folder)/p/plugin.json"))
        let executable = "\(folder)/p/x_\(PluginManifest.platform)"
        try FileManager.default.copyItem(atPath: "/bin/true", toPath: executable)
        let manifest = try PluginManifest(path: "\(folder)/p/plugin.json")
        let supervisor = PluginSupervisor(
            manifest, number: 1, settings: settings, variables: [:], runtime: try GRPCRuntime(),
            publish: { feed.yield($0) })
        return (supervisor, states)
    }

    private func next(_ states: inout AsyncStream<PluginState>.Iterator) async throws -> PluginDown {
        guard case .down(let down) = try #require(await states.next()) else { throw CancellationError() }
        return down
    }

    @Test func `one that ends before its handshake is told, and started again at once`() async throws {
        let stage = Stage()
        let (supervisor, stream) = try supervisor(stage)
        var (launched, states) = (stage.launched.makeAsyncIterator(), stream.makeAsyncIterator())
        await supervisor.start()
        #expect(try await next(&states).phase == .starting)
        try #require(await launched.next()).end(.code(3))
        let down = try await next(&states)
        #expect(down.phase == .backingOff && down.error.message.contains("ended with exit code 3 before its handshake"))
        let again = try await next(&states)
        #expect(again.phase == .starting && again.error.message.contains("exit code 3"))
        #expect(try #require(await launched.next()).pid == 2)
        await supervisor.stop()
    }

    @Test func `one that prints no handshake in time is killed`() async throws {
        let stage = Stage()
        let (supervisor, stream) = try supervisor(stage, startTimeout: 0.05)
        var (launched, states) = (stage.launched.makeAsyncIterator(), stream.makeAsyncIterator())
        await supervisor.start()
        #expect(try await next(&states).phase == .starting)
        let process = try #require(await launched.next())
        let down = try await next(&states)
        #expect(down.error.message.contains("no handshake within 0.1 s") || down.error.message.contains("0.05"))
        #expect(process.signals == [SIGKILL])
        await supervisor.stop()
    }

    @Test(arguments: [true, false])
    func `a stop tells one that isn't ready, and kills it only where it doesn't listen`(heeds: Bool) async throws {
        let stage = Stage(heeds: heeds)
        let (supervisor, stream) = try supervisor(stage)
        var (launched, states) = (stage.launched.makeAsyncIterator(), stream.makeAsyncIterator())
        await supervisor.start()
        _ = try await next(&states)
        let process = try #require(await launched.next())
        await supervisor.stop()
        #expect(process.signals.first == SIGTERM && process.signals.contains(SIGKILL) == !heeds || heeds)
        #expect(try await next(&states).phase == .stopped)
    }
}
