import Foundation
import Testing

/// The commands that the examples' READMEs name.
@Suite(.timeLimit(.minutes(5)))
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

    /// The blocks of all READMEs below `examples`.
    static let blocks: [Block] = {
        let root = URL(fileURLWithPath: "\(Programs.root)/examples").resolvingSymlinksInPath().path
        let files = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return files.filter { $0.hasSuffix("README.md") }.sorted().flatMap { file -> [Block] in
            guard let text = try? String(contentsOfFile: "\(root)/\(file)", encoding: .utf8) else { return [] }
            var found: [Block] = []
            var block: [String]?
            for (number, line) in text.components(separatedBy: "\n").enumerated() {
                if line == "```sh" {
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
    }()

    /// An example as its own script starts it.
    private final class Example: Sendable {
        let folder: TemporaryFolder
        let process: ChildProcess
        let port: UInt16

        /// - Parameters:
        ///   - name: its folder below `examples`.
        ///   - sign: what its log says once everything is there.
        init(_ name: String, until sign: String) throws {
            folder = try TemporaryFolder()
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
    private static let started = [
        "plugins/showcase/README.md", "backends/http/README.md", "plugins/prometheus/README.md",
    ]

    private static func example(_ file: String) throws -> Example {
        switch file {
        case started[0]: try showcase.get()
        case started[1]: try http.get()
        case started[2]: try prometheus.get()
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
        let shell = try ChildProcess("/bin/bash", ["-euc", "cd '\(Programs.root)'\n\(script)\necho\necho done"])
        #expect(shell.waitForExit(seconds: 20), "\(block.testDescription) does not end")
        #expect(shell.exitStatus == 0, "\(shell.stderr.tail())")
        // Its last line shows that everything was read.
        #expect(shell.stdout.wait(seconds: 5, containing: "done") != nil)
        for text in block.expected {
            #expect(shell.stdout.number(containing: text) > 0, "\(text) is not in \(shell.stdout.tail())")
        }
    }
}
