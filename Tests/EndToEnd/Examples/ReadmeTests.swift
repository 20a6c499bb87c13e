import Foundation
import Testing

/// The commands that the READMEs name, one after the other: what comes first may make what a later one needs.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ReadmeTests {
    /// A code block of a README that is tagged `sh`.
    struct Block: CustomTestStringConvertible, Sendable {
        let file: String
        let line: Int
        let text: String

        /// What the output must hold: the comments `# expect: text`.
        var expected: [String] {
            text.components(separatedBy: "\n").filter { $0.hasPrefix("# expect: ") }
                .map { String($0.dropFirst("# expect: ".count)) }
        }

        var testDescription: String { "\(file):\(line)" }
    }

    /// The README of the repository and those below `examples`, from the root.
    static let files: [String] = {
        let root = URL(fileURLWithPath: "\(Programs.root)/examples").resolvingSymlinksInPath().path
        let files = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return ["README.md"] + files.filter { $0.hasSuffix("README.md") }.sorted().map { "examples/\($0)" }
    }()

    /// The blocks of all READMEs that are tagged `sh`: they run against what is started for them.
    static let blocks = blocks(tagged: "sh")

    private static func blocks(tagged tag: String) -> [Block] {
        files.flatMap { file -> [Block] in
            guard let text = try? String(contentsOfFile: "\(Programs.root)/\(file)", encoding: .utf8) else { return [] }
            var found: [Block] = []
            var block: [String]?
            for (number, line) in text.components(separatedBy: "\n").enumerated() {
                if line == "```\(tag)" {
                    block = []
                } else if line == "```", let lines = block {
                    found.append(
                        Block(file: file, line: number + 1 - lines.count, text: lines.joined(separator: "\n")))
                    block = nil
                } else {
                    block?.append(line)
                }
            }
            return found
        }
    }

    /// An example as its own script starts it.
    private final class Example: Sendable {
        let folder: TemporaryFolder
        let process: ChildProcess
        let port: UInt16
        /// The gateway's kubeconfig; empty where the example needs none.
        let kubeconfig: String

        /// What `make run` starts, with the programs that the tests were built with.
        init() throws {
            folder = try TemporaryFolder()
            port = try FreePort.take()
            process = try ChildProcess(
                "\(Programs.root)/scripts/run.sh", [],
                environment: [
                    "PRODUCTS": Programs.products, "RUN": folder.path, "HTTP_PORT": "\(port)",
                    "HTTPS_PORT": "\(try FreePort.take())", "ADMIN_PORT": "\(try FreePort.take())",
                    "PROMETHEUS_PORT": "\(try FreePort.take())",
                ])
            let log = process.stderr
            guard let line = log.wait(seconds: 60, for: { $0.hasPrefix("export KUBECONFIG=") }),
                log.wait(containing: "Ctrl-C ends everything") != nil
            else { throw Trouble("make run did not start: \(log.tail())") }
            kubeconfig = String(line.dropFirst("export KUBECONFIG=".count))
        }

        /// - Parameters:
        ///   - name: its folder below `examples`.
        ///   - sign: what its log says once everything is there.
        init(_ name: String, until sign: String) throws {
            folder = try TemporaryFolder()
            kubeconfig = ""
            process = try ChildProcess(
                "\(Programs.root)/examples/\(name)/run.sh",
                ["--http-port", "any", "--secure-port", "0", "--admin-address", "127.0.0.1:0"],
                environment: [
                    "PRODUCTS": Programs.products, "RUN": folder.path, "BACKEND_PORT": "\(try FreePort.take())",
                ])
            let log = process.stderr
            guard let ready = process.stdout.wait(containing: "ready "),
                log.wait(seconds: 20, for: { $0.contains(sign) }) != nil
            else { throw Trouble("the example did not start: \(process.stdout.tail())\n\(log.tail())") }
            port = Gateway.port(ready, "http")
        }
    }

    private static let showcase = Result { try Example("plugins/showcase", until: "plugin is ready") }
    private static let http = Result {
        let example = try Example("backends/http", until: "listening on port")
        // Its condition is among what the README shows.
        try ServiceWatch(port: example.port).wait("v1.orders.example") { $0.isAvailable }
        return example
    }
    private static let prometheus = Result {
        let example = try Example("plugins/prometheus", until: "plugin is ready")
        guard example.process.stderr.wait(seconds: 20, for: { $0.contains("Server is ready") }) != nil else {
            throw Trouble("Prometheus did not start: \(example.process.stderr.tail())")
        }
        return example
    }
    private static let run = Result { try Example() }
    private static let started = [
        "examples/plugins/showcase/README.md", "examples/backends/http/README.md",
        "examples/plugins/prometheus/README.md", "README.md",
    ]

    private static func example(_ file: String) throws -> Example {
        switch file {
        case started[0]: try showcase.get()
        case started[1]: try http.get()
        case started[2]: try prometheus.get()
        case started[3]: try run.get()
        default: throw Trouble("no example is started for the commands in \(file)")
        }
    }

    @Test func `every example that has commands is found`() {
        for file in Self.started { #expect(Self.blocks.contains { $0.file == file }, "\(file)") }
        #expect(Self.blocks.allSatisfy { !$0.expected.isEmpty }, "a block without # expect: shows nothing")
    }

    @Test(arguments: blocks)
    func `commands do what the README says`(block: Block) throws {
        let example = try Self.example(block.file)
        let script = block.text.replacingOccurrences(of: "localhost:8080", with: "127.0.0.1:\(example.port)")
        let shell = try ChildProcess(
            "/bin/bash", ["-euc", "cd '\(Programs.root)'\n\(script)\necho\necho done"],
            environment: example.kubeconfig.isEmpty ? [:] : ["KUBECONFIG": example.kubeconfig])
        #expect(shell.waitForExit(seconds: 20), "\(block.testDescription) does not end")
        #expect(shell.exitStatus == 0, "\(shell.stderr.tail())")
        // Its last line shows that everything was read.
        #expect(shell.stdout.wait(containing: "done") != nil)
        for text in block.expected {
            #expect(shell.stdout.number(containing: text) > 0, "\(text) is not in \(shell.stdout.tail())")
        }
    }

    /// What builds and starts something is tagged `bash`, and isn't run here: its words are looked at.
    @Test func `what is built and started is there`() throws {
        let package = try String(contentsOfFile: "\(Programs.root)/Package.swift", encoding: .utf8)
        let lines = Self.blocks(tagged: "bash").flatMap { $0.text.components(separatedBy: "\n") }
        #expect(lines.count > 5)
        for line in lines {
            let words = line.components(separatedBy: " ").filter { !$0.isEmpty }
            if words.starts(with: ["swift", "build"]) {
                // Of several --product flags only the last one counts.
                #expect(words.filter { $0 == "--product" }.count == 1, "\(line)")
                #expect(package.contains("name: \"\(words.last ?? "")\""), "\(line)")
            }
            if words.first == "make" {
                let rules = try String(contentsOfFile: "\(Programs.root)/Makefile", encoding: .utf8)
                #expect(rules.contains("\n\(words.dropFirst().first ?? ""):"), "\(line)")
            }
            if let script = words.first, script.hasSuffix(".sh") {
                #expect(FileManager.default.isExecutableFile(atPath: "\(Programs.root)/\(script)"), "\(line)")
            }
        }
    }

    @Test func `a taken port is found before anything starts`() throws {
        let upstream = try Upstream()
        let folder = try TemporaryFolder()
        for variable in ["PROMETHEUS_PORT", "HTTP_PORT", "HTTPS_PORT", "ADMIN_PORT"] {
            var ports: [String: String] = [:]
            for name in ["PROMETHEUS_PORT", "HTTP_PORT", "HTTPS_PORT", "ADMIN_PORT"] {
                ports[name] = name == variable ? "\(upstream.port)" : "\(try FreePort.take())"
            }
            let script = try ChildProcess(
                "\(Programs.root)/scripts/run.sh", [],
                environment: ports.merging(["PRODUCTS": Programs.products, "RUN": folder.path]) { $1 })
            #expect(script.waitForExit() && script.exitStatus == 1)
            #expect(script.stderr.waitForEnd())
            let text = script.stderr.tail()
            #expect(text.contains("Port \(upstream.port)") && text.contains("\(variable)=PORT"), "\(text)")
            #expect(!text.contains("starting"), "\(text)")
        }
    }
}
