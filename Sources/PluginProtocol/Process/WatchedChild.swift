internal import CSystemShim
internal import Glibc

/// A child as its watcher sees it: three descriptors and what came through them.
///
/// Stays on the watcher's thread.
final class WatchedChild {
    enum Part: UInt64, CaseIterable {
        case exit = 1
        case output = 2
        case errorOutput = 3
    }

    let process: PluginProcess
    private let onEvent: @Sendable (ProcessEvent) -> Void
    private(set) var descriptors: [Part: Int32]
    private var outputLines = LineSplitter()
    private var errorLines = LineSplitter()

    init(
        spawning request: ProcessRequest, onEvent: @escaping @Sendable (ProcessEvent) -> Void
    ) throws(ProcessError) {
        self.onEvent = onEvent
        let child = try Self.spawn(request)
        process = PluginProcess(pid: child.pid)
        descriptors = [.exit: child.pidfd, .output: child.output, .errorOutput: child.error_output]
    }

    deinit {
        for descriptor in descriptors.values { close(descriptor) }
    }

    /// Takes what a descriptor has; true after the exit was told.
    func ready(_ part: Part) -> Bool {
        guard part == .exit else {
            // A few reads at a time, so that one that writes without end doesn't starve the others.
            _ = drain(part, limit: 16)
            return false
        }
        guard let pidfd = descriptors[.exit], let exit = process.reap(pidfd: pidfd) else { return false }
        // Nobody of the group lives any more, so what is in the pipes is all there will be; what a descendant that
        // left the group may add later is not waited for.
        _ = drain(.output, limit: 1024)
        _ = drain(.errorOutput, limit: 1024)
        outputLines.finish { onEvent(.output($0)) }
        errorLines.finish { onEvent(.errorOutput($0)) }
        process.hasExited(exit)
        onEvent(.exited(exit))
        return true
    }

    private func drain(_ part: Part, limit: Int) -> Bool {
        guard let descriptor = descriptors[part] else { return true }
        return withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 16) { buffer in
            for _ in 0..<limit {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                if count > 0 {
                    feed(part, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                    // Closed by the child; closing it here also takes it out of the watcher.
                    close(descriptor)
                    descriptors[part] = nil
                    return true
                } else if errno == EAGAIN {
                    return false
                }
            }
            return false
        }
    }

    private func feed(_ part: Part, _ bytes: UnsafeRawBufferPointer) {
        if part == .output {
            outputLines.feed(bytes) { onEvent(.output($0)) }
        } else {
            errorLines.feed(bytes) { onEvent(.errorOutput($0)) }
        }
    }

    private static func spawn(_ request: ProcessRequest) throws(ProcessError) -> csystem_child {
        var child = csystem_child()
        let texts = [request.executable] + request.arguments + request.environment
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw ProcessError(
                description: "cannot start \(request.executable): a NUL byte in its arguments or environment",
                errno: EINVAL)
        }
        let error = withCStrings([request.executable] + request.arguments) { arguments in
            withCStrings(request.environment) { environment in
                request.executable.withCString { executable in
                    let directory = request.directory.map { strdup($0) } ?? nil
                    defer { free(directory) }
                    var made = csystem_spawn_request()
                    made.executable = executable
                    made.arguments = arguments
                    made.environment = environment
                    made.directory = UnsafePointer(directory)
                    made.switch_user = request.user == nil ? 0 : 1
                    made.user = request.user?.id ?? 0
                    made.group = request.user?.group ?? 0
                    return csystem_spawn(&made, &child)
                }
            }
        }
        guard error == 0 else {
            let reason = String(cString: strerror(error))
            throw ProcessError(
                description: "cannot start \(request.executable): \(step(child.failed_step, request)): \(reason)",
                errno: error)
        }
        return child
    }

    private static func step(_ number: Int32, _ request: ProcessRequest) -> String {
        switch Int(number) {
        case CSYSTEM_STEP_PIPE: "making its pipes"
        case CSYSTEM_STEP_CLONE: "creating the process"
        case CSYSTEM_STEP_USER: "becoming user \(request.user?.id ?? 0)"
        case CSYSTEM_STEP_DIRECTORY: "changing to its directory \(request.directory ?? "")"
        case CSYSTEM_STEP_STREAMS: "setting up its standard streams"
        default: "executing it"
        }
    }

    private static func withCStrings<R>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> R
    ) -> R {
        var copies = strings.map { strdup($0) }
        copies.append(nil)
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
