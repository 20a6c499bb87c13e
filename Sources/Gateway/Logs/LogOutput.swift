import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Standard error as the log's destination: a reader that stops reading costs lines, never the gateway.
enum LogOutput {
    /// A pipe with room takes so many bytes at once without blocking (PIPE_BUF).
    private static let atomic = 4096

    private static let dropped = Mutex(0)

    /// Writes a line with its end in one piece; drops it while nobody takes the ones before.
    static func write(_ line: [UInt8]) {
        dropped.withLock { dropped in
            guard isReady else {
                dropped += 1
                return
            }
            if dropped > 0 {
                put(Array("\(dropped) lines of the log were dropped: nobody read them\n".utf8))
                dropped = 0
                // That line may have taken the last room.
                guard isReady else {
                    dropped += 1
                    return
                }
            }
            put(line.count <= atomic ? line : Array(line[..<(atomic - 4)]) + Array("...\n".utf8))
        }
    }

    private static var isReady: Bool {
        var descriptor = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, 0) == 1 && descriptor.revents & Int16(POLLOUT) != 0
    }

    private static func put(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
