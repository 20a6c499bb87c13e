import Foundation
import Testing

/// Every kubectl signs in with the written kubeconfig, with a certificate and with a token, and says why it can't.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct KubectlAccessTests {
    private static let kubeconfigs = [
        "grafana-apiserver/grafana.kubeconfig", "grafana-apiserver/aggregator.kubeconfig",
        "grafana-aggregator/aggregator.kubeconfig",
    ]

    @Test(arguments: Kubectl.minors)
    func `the written kubeconfigs`(minor: Int) throws {
        guard let program = Kubectl.found[minor] else { return }
        let gateway = try CredentialTests.gateway.get()
        for name in Self.kubeconfigs {
            let path = "\(gateway.folder.path)/data/\(name)"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(
                text.contains("https://127.0.0.1:\(gateway.securePort)") && text.contains("certificate-authority-data"))
            let list = try Self.run(program, ["--kubeconfig", path, "get", "dataplaneservices"])
            #expect(list.contains("No resources found"), "\(list)")
        }
    }

    @Test(arguments: Kubectl.minors)
    func `a client certificate, a token, and wrong ones`(minor: Int) throws {
        guard let program = Kubectl.found[minor] else { return }
        let (gateway, pki) = (try CredentialTests.gateway.get(), try PKI.shared.get())
        let server = [
            "--kubeconfig", "/dev/null", "--server", "https://localhost:\(gateway.securePort)",
            "--certificate-authority",
            "\(gateway.folder.path)/data/pki/ca.crt",
        ]
        func get(_ arguments: [String]) throws -> String {
            try Self.run(program, server + arguments + ["get", "dataplaneservices"])
        }
        func certificate(_ pair: PKI.Pair) -> [String] {
            ["--client-certificate", pair.certificate, "--client-key", pair.key]
        }
        #expect(try get(certificate(pki.development)).contains("No resources found"))
        #expect(try get(["--token", "root-token"]).contains("No resources found"))
        let forbidden = try get(["--token", "bob-token"])
        #expect(forbidden.contains("Forbidden") && forbidden.contains("bob"), "\(forbidden)")
        let bad = try get(["--token", "nonsense"])
        #expect(bad.contains("You must be logged in to the server"), "\(bad)")
        let expired = try pki.client("kubectl-expired-\(minor)", subject: "/CN=x/O=system:masters", days: -1)
        let late = try get(certificate(expired))
        #expect(late.contains("You must be logged in to the server"), "\(late)")
        let stranger = try pki.client("kubectl-other-\(minor)", subject: "/CN=x/O=system:masters", byOther: true)
        let other = try get(certificate(stranger))
        #expect(other.contains("You must be logged in to the server"), "\(other)")
        let acted = try get(["--token", "root-token", "--as", "carol"])
        #expect(acted.contains("Forbidden") && acted.contains("carol"), "\(acted)")
        if minor >= 27 {
            let whoami = try Self.run(program, server + ["--token", "bob-token", "auth", "whoami"])
            #expect(whoami.contains("bob") && whoami.contains("dev"), "\(whoami)")
        }
        let can = try Self.run(
            program, server + ["--token", "root-token", "auth", "can-i", "create", "dataplaneservices"])
        #expect(can.contains("yes"), "\(can)")
        let cannot = try Self.run(
            program, server + ["--token", "bob-token", "auth", "can-i", "create", "dataplaneservices"])
        #expect(cannot.contains("no"), "\(cannot)")
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let folder = try TemporaryFolder()
        let process = try ChildProcess(program, arguments, environment: ["HOME": folder.path])
        guard process.waitForExit(), process.stdout.waitForEnd(), process.stderr.waitForEnd() else {
            throw Trouble("kubectl \(arguments) does not end")
        }
        return process.stdout.tail() + "\n" + process.stderr.tail()
    }
}
