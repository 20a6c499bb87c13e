import Foundation
import Testing

/// Headers that Grafana takes users from, while grafana.ini changes under the running gateway.
@Suite(.timeLimit(.minutes(5)))
struct AuthProxyFollowTests {
    private static func wait(_ gateway: Gateway, for header: String) throws {
        guard
            gateway.process.stderr.wait(seconds: 10, for: { $0.contains("further headers") && $0.contains(header) })
                != nil
        else { throw Trouble("\(header) was not noticed: \(gateway.log)") }
    }

    @Test func `a name that appears later is stripped, on open connections too, and never passes again`() throws {
        let upstream = try Upstream()
        let folder = try TemporaryFolder()
        // As a ConfigMap is mounted: the file is a link into a folder that is swapped.
        func swap(_ number: Int, _ text: String) throws {
            try folder.write("data-\(number)/grafana.ini", text)
            let link = "\(folder.path)/..data.tmp"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "data-\(number)")
            #expect(rename(link, "\(folder.path)/..data") == 0)
        }
        try swap(1, "[auth.proxy]\nenabled = false\nheader_name = X-First-User\n")
        let ini = "\(folder.path)/grafana.ini"
        try FileManager.default.createSymbolicLink(atPath: ini, withDestinationPath: "..data/grafana.ini")
        let gateway = try Gateway(
            upstream: upstream.port, flags: ["--grafana-config", ini],
            environment: ["GF_AUTH_PROXY_HEADER_NAME": "X-Env-User"])
        let client = try gateway.connect()
        var seen: [String: Bool] = [:]
        func passes(_ names: [String]) throws -> [String] {
            let headers = names.map { ($0, "root") }
            let answer = try client.request("GET", "/echo", headers)
            let got = (answer.json["headers"] as? [[String]] ?? []).compactMap(\.first)
            for name in names { seen[name] = got.contains(name) }
            return got.filter(names.contains)
        }
        let all = ["X-First-User", "X-Env-User", "X-Second-User", "X-Role", "x_third_user"]
        #expect(try passes(all) == ["X-Second-User", "X-Role", "x_third_user"])
        try swap(2, "[auth.proxy]\nenabled = true\nheader_name = X-Second-User\nheaders = Role:X-Role Name:X-Name\n")
        try Self.wait(gateway, for: "X-Second-User")
        #expect(try passes(all) == ["x_third_user"])
        // Written in place, behind the link.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder.path)/data-2/grafana.ini"))
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: Data("[auth.proxy]\nheader_name = X-Third-User\n".utf8))
        try file.close()
        try Self.wait(gateway, for: "X-Third-User")
        #expect(try passes(all) == [])
        // Trailers are read with the new names as well.
        try client.send(
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Third-User: root\r\nX-Sum: 1\r\n\r\n"
        )
        let trailers = try client.readAnswer().json["trailers"] as? [[String]]
        #expect(trailers?.map(\.first) == ["X-Sum"])
        // Gone from the file, but a Grafana that has not been restarted still believes them.
        try FileManager.default.removeItem(atPath: ini)
        #expect(gateway.process.stderr.wait(seconds: 10, containing: "grafana.ini") != nil)
        #expect(try passes(all) == [])
    }
}
