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
        // Only the child has these.
        try? out.fileHandleForWriting.close()
        try? err.fileHandleForWriting.close()
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
        // A program that could not be started has no number, and 0 means our own group.
        guard pid > 0 else { return }
        if process.isRunning {
            kill(pid, SIGTERM)
            if !waitForExit(seconds: 10) { kill(-pid, SIGKILL) }
        }
        kill(-pid, SIGKILL)
        Survivors.remove(pid)
    }

    deinit { end() }
}

/// Kills what still runs, and removes the folders that are still there, when the test program ends.
enum Survivors {
    private static let lock = NSLock()
    nonisolated(unsafe) private static var pids: Set<pid_t> = []
    nonisolated(unsafe) private static var folders: Set<String> = []
    nonisolated(unsafe) private static var isArmed = false

    static func add(_ pid: pid_t) {
        lock.withLock {
            pids.insert(pid)
            arm()
        }
    }

    static func remove(_ pid: pid_t) { _ = lock.withLock { pids.remove(pid) } }

    static func add(folder: String) {
        lock.withLock {
            folders.insert(folder)
            arm()
        }
    }

    static func remove(folder: String) { _ = lock.withLock { folders.remove(folder) } }

    private static func arm() {
        guard !isArmed else { return }
        isArmed = true
        atexit { Survivors.clear() }
    }

    private static func clear() {
        lock.withLock {
            for pid in pids {
                kill(-pid, SIGKILL)
                kill(pid, SIGKILL)
                _ = ProcessFacts.waitForEnd(pid, seconds: 1)
            }
            for folder in folders { try? FileManager.default.removeItem(atPath: folder) }
        }
    }
}
