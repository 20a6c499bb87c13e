import Glibc
import Synchronization
import Testing

@testable import PluginProtocol

@Suite(.timeLimit(.minutes(1)))
struct PluginProcessTests {
    final class Recorder: Sendable {
        private let events = Mutex<[ProcessEvent]>([])

        func add(_ event: ProcessEvent) { events.withLock { $0.append(event) } }
        var all: [ProcessEvent] { events.withLock { $0 } }
        var output: [String] {
            all.compactMap { if case .output(let line) = $0 { String(decoding: line, as: UTF8.self) } else { nil } }
        }
        var errorOutput: [String] {
            all.compactMap {
                if case .errorOutput(let line) = $0 { String(decoding: line, as: UTF8.self) } else { nil }
            }
        }
    }

    private func run(_ script: String, environment: [String] = ["PATH=/usr/bin:/bin"], directory: String? = nil)
        async throws -> (Recorder, ProcessExit)
    {
        let recorder = Recorder()
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let request = ProcessRequest(
            executable: "/bin/sh", arguments: ["-c", script], environment: environment, directory: directory)
        let process = try await PluginProcess.start(request) { event in
            recorder.add(event)
            if case .exited = event { end.finish() }
        }
        for await _ in ended {}
        return (recorder, await process.exited())
    }

    @Test func `a child starts with no signal blocked or ignored`() async throws {
        // The state that Swift's threads and NIO leave behind, made worse.
        var mask = sigset_t()
        var before = sigset_t()
        sigemptyset(&mask)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1] { sigaddset(&mask, number) }
        pthread_sigmask(SIG_BLOCK, &mask, &before)
        signal(SIGPIPE, SIG_IGN)
        signal(SIGUSR2, SIG_IGN)
        let (recorder, exit) = try await run("cat /proc/self/status | grep -E '^Sig(Blk|Ign|Cgt)'")
        #expect(exit == .code(0))
        #expect(
            recorder.output == [
                "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000", "SigCgt:\t0000000000000000",
            ])
    }

    @Test func `a child has only its three standard streams, even if the host's descriptors are inheritable`()
        async throws
    {
        let leaky = open("/etc/passwd", O_RDONLY)
        defer { close(leaky) }
        #expect(fcntl(leaky, F_GETFD) & FD_CLOEXEC == 0)
        let (recorder, _) = try await run("for f in /proc/$$/fd/*; do echo ${f##*/}=$(readlink $f); done")
        let names = Set(recorder.output.compactMap { $0.split(separator: "=").first })
        #expect(names.isSuperset(of: ["0", "1", "2"]))
        #expect(recorder.output.contains("0=/dev/null"))
        #expect(
            !recorder.output.contains { $0.contains("passwd") || $0.contains("socket:") || $0.contains("eventpoll") })
    }

    @Test func `the environment and the working directory are exactly those asked for`() async throws {
        let (recorder, _) = try await run(
            "pwd; exec env", environment: ["A=1", "PATH=/usr/bin:/bin"], directory: "/usr")
        #expect(recorder.output.first == "/usr")
        #expect(
            Set(recorder.output.dropFirst()).subtracting(["PWD=/usr", "_=/usr/bin/env"]) == [
                "A=1", "PATH=/usr/bin:/bin",
            ])
    }

    @Test func `lines come in order, long ones in pieces, the last one without an end too`() async throws {
        let (recorder, exit) = try await run(
            "echo one; echo two >&2; head -c 70000 /dev/zero | tr '\\0' x; printf '\\nlast\\r\\n\\nend'; exit 3")
        #expect(exit == .code(3))
        #expect(recorder.errorOutput == ["two"])
        let lines = recorder.output
        #expect(lines.map(\.utf8.count) == [3, 65536, 70000 - 65536, 4, 0, 3])
        #expect(recorder.all.last == .exited(.code(3)))
    }

    @Test func `ten megabytes on both streams are all read`() async throws {
        let (recorder, _) = try await run(
            "(yes $(printf %0999d 1) | head -c 10000000) & yes $(printf %0999d 2) | head -c 10000000 >&2; wait")
        #expect(recorder.output.count == 10_000)
        #expect(recorder.errorOutput.count == 10_000)
    }

    @Test func `killing takes the whole group, and no zombie stays`() async throws {
        let (ready, tell) = AsyncStream.makeStream(of: Int32.self)
        let request = ProcessRequest(
            executable: "/bin/sh", arguments: ["-c", "sleep 1000 & echo $!; wait"], environment: ["PATH=/usr/bin:/bin"])
        let process = try await PluginProcess.start(request) { event in
            if case .output(let line) = event { tell.yield(Int32(String(decoding: line, as: UTF8.self)) ?? 0) }
        }
        #expect(getpgid(process.pid) == process.pid)
        for await grandchild in ready {
            #expect(getpgid(grandchild) == process.pid)
            break
        }
        process.kill()
        #expect(await process.exited() == .signal(SIGKILL))
        // Reaped: the number names no child of ours any more.
        #expect(waitpid(process.pid, nil, WNOHANG) == -1)
        #expect(errno == ECHILD)
        process.kill()
    }

    @Test func `what can't be executed says so with the path and the reason`() async throws {
        let error = await #expect(throws: ProcessError.self) {
            _ = try await PluginProcess.start(ProcessRequest(executable: "/nowhere/gpx_demo", environment: [])) { _ in }
        }
        #expect(error?.errno == ENOENT)
        #expect(error?.description == "cannot start /nowhere/gpx_demo: executing it: No such file or directory")
        let folder = await #expect(throws: ProcessError.self) {
            let request = ProcessRequest(executable: "/bin/true", environment: [], directory: "/nowhere")
            _ = try await PluginProcess.start(request) { _ in }
        }
        #expect(folder?.description.contains("changing to its directory /nowhere") == true)
    }
}
