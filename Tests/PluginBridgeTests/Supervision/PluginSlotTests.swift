import DataPlaneAPI
import RPC
import Synchronization
import Testing

@testable import PluginBridge
@testable import PluginProtocol

/// Who is heard while one plugin's processes change places.
struct PluginSlotTests {
    /// What came through, in order.
    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private static func down(_ phase: PluginPhase) -> PluginState {
        .down(phase, GatewayError(.serviceUnavailable, "down"))
    }

    private static func publisher(_ log: Log, _ name: String) -> @Sendable (PluginState) -> Void {
        { log.add("\(name) \($0.phase.rawValue)") }
    }

    private static func ready() throws -> PluginState {
        let channel = try GRPCChannel(runtime: GRPCRuntime(), address: .unix(path: "/nonexistent"))
        return .ready(PluginInstance(pluginID: "p", generation: 1, pid: nil, channel: channel))
    }

    @Test func `the only one is heard until it is retired`() {
        let log = Log()
        let slot = PluginSlot(publish: Self.publisher(log, "one"))
        slot.take(Self.down(.starting))
        slot.take(Self.down(.backingOff))
        slot.retire()
        slot.take(Self.down(.stopped))
        #expect(log.all == ["one Starting", "one BackingOff"])
    }

    @Test func `a candidate is heard from when it is ready on, and the old one no more`() throws {
        let log = Log()
        let old = PluginSlot(publish: Self.publisher(log, "old"))
        let new = PluginSlot(replacing: old) {
            log.add("decided \($0)")
        } publish: {
            Self.publisher(log, "new")($0)
        }
        new.take(Self.down(.starting))
        old.take(Self.down(.degraded))
        new.take(try Self.ready())
        old.take(Self.down(.stopped))
        new.take(Self.down(.backingOff))
        #expect(log.all == ["old Degraded", "decided true", "new Ready", "new BackingOff"])
    }

    @Test(arguments: [PluginPhase.backingOff, .missing, .crashLooping, .stopped])
    func `a candidate that fails leaves the old one in its place, and is told once`(phase: PluginPhase) throws {
        let log = Log()
        let old = PluginSlot(publish: Self.publisher(log, "old"))
        let new = PluginSlot(replacing: old) {
            log.add("decided \($0)")
        } publish: {
            Self.publisher(log, "new")($0)
        }
        new.take(Self.down(phase))
        new.take(Self.down(phase))
        new.take(try Self.ready())
        old.take(Self.down(.degraded))
        #expect(log.all == ["decided false", "old Degraded"])
    }

    @Test func `a candidate that is out of date is heard no more`() throws {
        let log = Log()
        let old = PluginSlot(publish: Self.publisher(log, "old"))
        let new = PluginSlot(replacing: old) {
            log.add("decided \($0)")
        } publish: {
            Self.publisher(log, "new")($0)
        }
        new.retire()
        new.take(try Self.ready())
        old.take(Self.down(.degraded))
        #expect(log.all == ["old Degraded"])
    }
}
