import DataPlaneAPI
import Foundation
import Testing

@testable import APIServer
@testable import Bytes

/// Drives the server with a real kubectl, where one is installed.
struct KubectlTests {
    static let isInstalled = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Runs kubectl against a server.
    private func kubectl(_ server: TestServer, _ arguments: [String], editor: String = "") async throws -> String {
        let config = """
            {"apiVersion":"v1","kind":"Config","current-context":"c","clusters":[{"name":"c","cluster":
            {"server":"http://127.0.0.1:\(server.port)"}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}],
            "users":[{"name":"u","user":{}}]}
            """
        try server.folder.write("kubeconfig", config)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            [
                "KUBE_EDITOR=\(editor)", "kubectl", "--kubeconfig", server.folder.file("kubeconfig"), "--cache-dir",
                server.folder.file("cache"),
            ] + arguments
        let output = server.folder.file("output")
        try server.folder.write("output", "")
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
        process.standardOutput = handle
        process.standardError = handle
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in done.resume() }
            do { try process.run() } catch { done.resume(throwing: error) }
        }
        try handle.close()
        return try String(contentsOfFile: output, encoding: .utf8)
    }

    @Test(.enabled(if: KubectlTests.isInstalled, "kubectl is not installed"))
    func `kubectl applies, edits, explains and deletes`() async throws {
        try await TestServer.with { server in
            let file = server.folder.file("a.yaml")
            try server.folder.write("a.yaml", Samples.service("a").text())
            let name = "dataplaneservice.aggregation.grafana.app/a"
            #expect(try await kubectl(server, ["apply", "-f", file]).contains("\(name) created"))
            #expect(try await kubectl(server, ["apply", "-f", file]).contains("\(name) unchanged"))
            try server.folder.write("a.yaml", Samples.service("a", plugin: "second").text())
            #expect(try await kubectl(server, ["diff", "-f", file]).contains("+  pluginID: second"))
            #expect(try await kubectl(server, ["apply", "-f", file]).contains("\(name) configured"))
            #expect(try await kubectl(server, ["get", "dataplane"]).contains("AVAILABLE"))
            let edited = try await kubectl(
                server, ["edit", "dataplaneservice", "a"], editor: "sed -i s/second/third/g")
            #expect(edited.contains("\(name) edited"))
            #expect(try await kubectl(server, ["apply", "--server-side", "-f", file]).contains("Apply failed with"))
            let forced = try await kubectl(server, ["apply", "--server-side", "--force-conflicts", "-f", file])
            #expect(forced.contains("\(name) serverside-applied"))
            let type = try await kubectl(server, ["explain", "dataplaneservice.spec.services.type"])
            #expect(type.contains("What kind of service it is."))
            #expect(try await kubectl(server, ["api-versions"]).contains("aggregation.grafana.app/v0alpha1"))
            #expect(try await kubectl(server, ["describe", "dataplaneservice", "a"]).contains("Plugin ID:"))
            #expect(try await kubectl(server, ["delete", "-f", file]).contains("deleted"))
            #expect(try await kubectl(server, ["get", "dataplaneservice", "a"]).contains("not found"))
        }
    }
}
