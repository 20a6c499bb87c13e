import Glibc
import PluginKit

extension EchoPlugin: StreamHandler {
    /// Lets everybody listen to everything.
    func subscribeStream(_ request: StreamRequest) async throws -> StreamResult { StreamResult(status: .ok) }

    /// `clock/N`: the time in nanoseconds since 1970 every N milliseconds, taken just before it is sent.
    func runStream(_ request: StreamRequest, _ packets: PacketSender) async throws {
        let parts = request.path.split(separator: "/")
        let pause = parts.count > 1 ? max(1, Int(parts[1]) ?? 1000) : 1000
        while true {
            try await Task.sleep(for: .milliseconds(pause))
            try await packets.send(json: Array("{\"t\":\(Self.now)}".utf8))
        }
    }

    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }
}
