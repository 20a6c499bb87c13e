import Foundation
import Glibc

/// A process of the test, in a group of its own that ends with the test program.
final class ChildProcess: @unchecked Sendable {
    let stdout: LineLog
    let stderr: LineLog
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)
    private let name: String

    var pid: pid_t { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        name = (program as NSString).lastPathComponent
        let out = Pipe()
        let err = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = out
        process.standardError = err
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        stdout = LineLog(out.fileHandleForReading)
        stderr = LineLog(err.fileHandleForReading)
        try process.run()
        Survivors.add(pid)
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for the end; false when it didn't come.
    func waitForExit(seconds: Double = 30) -> Bool {
        guard ended.wait(timeout: .now() + seconds) == .success else { return false }
        ended.signal()
        return true
    }

    var exitStatus: Int32 { process.isRunning ? -1 : process.terminationStatus }

    /// Ends the process and whatever is in its group.
    func end() {
        if process.isRunning {
            kill(pid, SIGTERM)
            if !waitForExit(seconds: 10) { kill(-pid, SIGKILL) }
        }
        kill(-pid, SIGKILL)
        Survivors.remove(pid)
    }

    deinit { end() }
}

/// Kills what still runs when the test program ends.
enum Survivors {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var pids: Set<pid_t> = []
    nonisolated(unsafe) private static var isArmed = false

    static func add(_ pid: pid_t) {
        lock.lock()
        defer { lock.unlock() }
        pids.insert(pid)
        guard !isArmed else { return }
        isArmed = true
        atexit { Survivors.killAll() }
    }

    static func remove(_ pid: pid_t) {
        lock.lock()
        pids.remove(pid)
        lock.unlock()
    }

    private static func killAll() {
        lock.lock()
        for pid in pids {
            kill(-pid, SIGKILL)
            kill(pid, SIGKILL)
        }
        lock.unlock()
    }
}
