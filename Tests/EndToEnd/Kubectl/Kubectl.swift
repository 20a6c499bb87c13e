import Foundation

/// One of the kubectl programs of the machine, pointed at a gateway by the kubeconfig that the gateway wrote.
struct Kubectl {
    /// The minor versions that are looked for: those that people use, and the one that Debian ships.
    static let minors = [20] + Array(27...33)

    /// The programs by minor version; of several with one version the first found counts.
    static let found: [Int: String] = {
        let folders = [
            "\(Programs.root)/.run/kubectl-debian/usr/bin", "/usr/bin", "/usr/local/bin",
            "/usr/lib/google-cloud-sdk/bin",
        ]
        var found: [Int: String] = [:]
        for folder in folders {
            for file in (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? [] {
                guard file == "kubectl" || file.hasPrefix("kubectl.1."), let version = minor("\(folder)/\(file)"),
                    found[version] == nil
                else { continue }
                found[version] = "\(folder)/\(file)"
            }
        }
        let (present, missing) = (minors.filter { found[$0] != nil }, minors.filter { found[$0] == nil })
        func text(_ minors: [Int]) -> String { minors.map { "1.\($0)" }.joined(separator: ", ") }
        print("kubectl: run with \(text(present)); skipped, not installed: \(missing.isEmpty ? "none" : text(missing))")
        return found
    }()

    private static func minor(_ path: String) -> Int? {
        guard let process = try? ChildProcess(path, ["version", "--client", "-o", "json"]), process.waitForExit(),
            process.exitStatus == 0, process.stdout.waitForEnd()
        else { return nil }
        let answer = try? JSONSerialization.jsonObject(with: Data(process.stdout.tail(100).utf8)) as? [String: Any]
        let version = (answer ?? [:]).at("clientVersion.gitVersion") as? String ?? ""
        return version.split(separator: ".").dropFirst().first.flatMap { Int($0) }
    }

    /// What a run printed on both streams, and how it ended.
    struct Output {
        let status: Int32
        let text: String

        var isFine: Bool { status == 0 }
    }

    private let program: String
    private let environment: [String: String]
    /// Lives as long as something may ask it.
    private let gateway: Gateway

    /// A kubectl with a home of its own.
    init(_ program: String, _ gateway: Gateway) throws {
        guard let line = gateway.process.stdout.wait(containing: "export KUBECONFIG="),
            let path = line.components(separatedBy: "=").last
        else { throw Trouble("the gateway named no kubeconfig") }
        self.program = program
        self.gateway = gateway
        environment = ["KUBECONFIG": path, "HOME": try gateway.folder.folder("home")]
    }

    /// Starts it and leaves it running.
    func start(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(program, arguments, environment: environment)
    }

    /// Runs it to its end.
    func callAsFunction(_ arguments: String..., editor: String = "false") throws -> Output {
        try run(arguments, editor: editor)
    }

    /// Runs it to its end.
    func run(_ arguments: [String], editor: String = "false") throws -> Output {
        let process = try ChildProcess(
            program, arguments, environment: environment.merging(["KUBE_EDITOR": editor]) { $1 })
        guard process.waitForExit(), process.stdout.waitForEnd(), process.stderr.waitForEnd() else {
            throw Trouble("kubectl \(arguments) does not end: \(process.stderr.tail())")
        }
        return Output(
            status: process.exitStatus, text: process.stdout.tail(500) + "\n" + process.stderr.tail(500))
    }
}

extension LineLog {
    /// Waits until the process has closed its output, so that every line is there.
    func waitForEnd() -> Bool {
        // No line matches: it comes back when the output ends or the time does.
        let start = Date()
        _ = wait(seconds: 10) { _ in false }
        return Date().timeIntervalSince(start) < 10
    }
}
