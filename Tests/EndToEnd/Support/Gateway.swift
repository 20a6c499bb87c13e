import Foundation
import Glibc

/// A running gateway of a test, with its own folders and ports.
final class Gateway: Sendable {
    let folder: TemporaryFolder
    let port: UInt16
    /// The port for HTTPS; 0 when it is off.
    let securePort: UInt16
    /// The port of the admin listener.
    let adminPort: UInt16
    let process: ChildProcess

    /// Starts the built gateway and waits for its ready line.
    ///
    /// - Parameters:
    ///   - upstream: the port of the server that gets everything unmatched.
    ///   - plugins: puts plugins below the given folder.
    ///   - services: DataPlaneServices as plugin id by group.
    ///   - sources: YAML entries below `datasources:`.
    ///   - isOrdinaryUser: whether it runs without the rights of root, whoever runs the tests.
    init(
        upstream: UInt16? = nil, plugins: (TemporaryFolder) throws -> Void = { _ in }, services: [Service] = [],
        sources: [Source] = [], flags: [String] = [], environment: [String: String] = [:],
        isOrdinaryUser: Bool = false
    ) throws {
        folder = try TemporaryFolder()
        _ = try folder.folder("plugins")
        try plugins(folder)
        for service in services {
            try folder.write("manifests/\(service.version).\(service.group).yaml", service.yaml)
        }
        _ = try folder.folder("manifests")
        try folder.write(
            "provisioning/datasources/all.yaml",
            "apiVersion: 1\ndatasources:\(sources.isEmpty ? " []" : "")\n" + sources.map(\.yaml).joined())
        var arguments = [
            "serve", "--http-port", "any", "--secure-port", "any", "--admin-address", "127.0.0.1:0", "--plugins-dir",
            "\(folder.path)/plugins",
            "--provisioning", "\(folder.path)/provisioning", "--manifests", "\(folder.path)/manifests", "--data-dir",
            "\(folder.path)/data",
        ]
        if let upstream { arguments += ["--upstream", "http://127.0.0.1:\(upstream)"] }
        var program = try Programs.gateway()
        if isOrdinaryUser, geteuid() == 0, let setpriv = Programs.installed("setpriv") {
            arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", try folder.handOver(program)] + arguments
            program = setpriv
        }
        process = try ChildProcess(program, arguments + flags, environment: environment)
        guard let ready = process.stdout.wait(containing: "ready "), ready.hasPrefix("ready ") else {
            process.end()
            throw Trouble("the gateway did not start: \(process.stdout.tail())\n\(process.stderr.tail())")
        }
        port = Self.port(ready, "http")
        securePort = Self.port(ready, "https")
        adminPort = Self.port(ready, "admin")
    }

    /// The port that a ready line names for a scheme; 0 for none.
    static func port(_ ready: String, _ scheme: String) -> UInt16 {
        let word = ready.components(separatedBy: " ").first { $0.hasPrefix("\(scheme)=") } ?? ""
        return UInt16(word.components(separatedBy: ":").last ?? "") ?? 0
    }

    /// What it logged last, for messages of failures.
    var log: String { process.stderr.tail() }

    /// Waits until a plugin has been started.
    func waitForPlugin(_ id: String, from start: Int = 0, seconds: Double = 20) throws {
        let found = process.stderr.wait(from: start, seconds: seconds) {
            $0.contains("plugin is ready") && $0.contains(id)
        }
        guard found != nil else { throw Trouble("plugin \(id) did not become ready:\n\(log)") }
    }

    /// A new connection.
    func connect() throws -> RawClient {
        do { return try RawClient(port: port) } catch {
            throw Trouble(
                "\(error); the gateway \(process.isRunning ? "runs" : "ended with \(process.exitStatus)"):\n\(log)")
        }
    }

    /// One request on a connection of its own.
    func request(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: String? = nil
    ) throws -> Answer {
        try connect().request(method, target, headers, body: body)
    }

    /// One request to the admin listener.
    func admin(_ target: String, _ headers: [(String, String)] = [], method: String = "GET") throws -> Answer {
        try RawClient(port: adminPort).request(method, target, headers)
    }

    /// Resident memory, bytes.
    var residentBytes: Int { ProcessFacts.residentBytes(process.pid) }

    /// The most memory that was ever resident, bytes.
    var peakBytes: Int { ProcessFacts.peakBytes(process.pid) }

    /// A DataPlaneService with one route.
    struct Service {
        var group = "test.example.com"
        var version = "v1"
        var pluginID = "testds"
        var type = "query"

        var yaml: String {
            """
            apiVersion: aggregation.grafana.app/v0alpha1
            kind: DataPlaneService
            metadata:
              name: \(version).\(group)
            spec:
              pluginID: \(pluginID)
              pluginType: datasource
              group: \(group)
              version: \(version)
              services:
                - type: \(type)

            """
        }
    }

    /// A provisioned data source.
    struct Source {
        var uid: String
        var type = "testds"
        var orgID = 1
        var more = ""
        var url = "http://127.0.0.1:1"

        var yaml: String {
            "  - name: '\(uid) \(orgID)'\n    uid: '\(uid)'\n    type: \(type)\n    orgId: \(orgID)\n    url: '\(url)'\n"
                + more
        }
    }
}

/// What the kernel says about a process.
enum ProcessFacts {
    static func status(_ pid: pid_t) -> [String: String] {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return [:] }
        var facts: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            facts[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return facts
    }

    static func residentBytes(_ pid: pid_t) -> Int {
        (status(pid)["VmRSS"]?.split(separator: " ").first.flatMap { Int($0) } ?? 0) * 1024
    }

    static func peakBytes(_ pid: pid_t) -> Int {
        (status(pid)["VmHWM"]?.split(separator: " ").first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// Descriptors by number and what they lead to.
    static func descriptors(_ pid: pid_t) -> [Int: String] {
        var found: [Int: String] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? [] {
            guard let number = Int(name) else { continue }
            found[number] =
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(name)")) ?? ""
        }
        return found
    }

    /// Children of a process, zombies included.
    static func children(_ parent: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter { status($0)["PPid"] == "\(parent)" }
    }

    /// Whether a process ended and nobody has asked for its end.
    static func isZombie(_ pid: pid_t) -> Bool { status(pid)["State"]?.hasPrefix("Z") == true }

    /// Whether a process runs; a zombie doesn't.
    static func isAlive(_ pid: pid_t) -> Bool {
        guard let state = status(pid)["State"] else { return false }
        return !state.hasPrefix("Z") && !state.hasPrefix("X")
    }

    /// Waits for the end of a process that isn't a child of ours.
    static func waitForEnd(_ pid: pid_t, seconds: Double) -> Bool {
        let deadline = Date(timeIntervalSinceNow: seconds)
        typealias Open = @convention(c) (pid_t, UInt32) -> Int32
        guard let symbol = dlsym(nil, "pidfd_open") else { return !isAlive(pid) }
        let descriptor = unsafeBitCast(symbol, to: Open.self)(pid, 0)
        guard descriptor >= 0 else { return !isAlive(pid) }
        defer { close(descriptor) }
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, Int32(max(0, deadline.timeIntervalSinceNow) * 1000)) == 1
    }
}
