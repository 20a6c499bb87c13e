import Foundation
import Glibc
import Testing

/// A grafana.ini that can't be read from the start: nobody knows which headers name a user, so nothing goes on.
@Suite(.timeLimit(.minutes(5)))
struct AuthProxyHoldTests {
    private static let ini = "[auth.proxy]\nheader_name = X-Late-User\nheaders = Groups:X-Late-Groups\n"
    private static let claims = [("X-Late-User", "root"), ("X-Late-Groups", "admins")]

    /// Nothing passes, the gateway's own paths answer, and everybody is told why.
    private static func expectHold(_ gateway: Gateway, _ upstream: Upstream) throws {
        for method in ["GET", "POST"] {
            let answer = try gateway.request(method, "/held-back", claims)
            #expect(answer.status == 503 && answer.isStatus && answer["Retry-After"] == "5", "\(answer.text)")
            #expect(answer.message.contains("upstream's configuration"), "\(answer.text)")
        }
        let upgrade = try gateway.request(
            "GET", "/held-back",
            claims + [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ])
        #expect(upgrade.status == 503, "\(upgrade.text)")
        #expect(try upstream.recorded("held-back").isEmpty)
        #expect(try gateway.request("GET", "/livez").status == 200)
        let ready = try gateway.request("GET", "/readyz?verbose")
        #expect(ready.status == 500 && ready.text.contains("[-]grafana-config"), "\(ready.text)")
        #expect(gateway.process.stderr.wait(containing: "nothing goes on to it until it can") != nil, "\(gateway.log)")
    }

    /// Everything passes without the claims, once the file was read.
    private static func expectStripped(_ gateway: Gateway) throws {
        #expect(gateway.process.stderr.wait(containing: "requests go on to the upstream from now on") != nil)
        let answer = try gateway.request("GET", "/echo", claims)
        #expect(answer.status == 200 && !answer.text.contains("X-Late"), "\(answer.text)")
        #expect(try gateway.request("GET", "/readyz").status == 200)
    }

    @Test func `a file that appears later counts, and nothing passes before`() throws {
        let (upstream, folder) = (try Upstream(), try TemporaryFolder())
        let gateway = try Gateway(
            upstream: upstream.port, flags: ["--grafana-config", "\(folder.path)/grafana.ini"])
        try Self.expectHold(gateway, upstream)
        try folder.write("grafana.ini", Self.ini)
        try Self.expectStripped(gateway)
        // Known once, known for ever: a file that vanishes stops nobody.
        try FileManager.default.removeItem(atPath: "\(folder.path)/grafana.ini")
        #expect(gateway.process.stderr.wait(containing: "No such file") != nil, "\(gateway.log)")
        let answer = try gateway.request("GET", "/echo", Self.claims)
        #expect(answer.status == 200 && !answer.text.contains("X-Late"), "\(answer.text)")
        #expect(try gateway.request("GET", "/readyz").status == 200)
    }

    @Test func `a folder in the file's place is no file`() throws {
        let (upstream, folder) = (try Upstream(), try TemporaryFolder())
        let place = try folder.folder("grafana.ini")
        let gateway = try Gateway(upstream: upstream.port, flags: ["--grafana-config", place])
        try Self.expectHold(gateway, upstream)
        try FileManager.default.removeItem(atPath: place)
        try folder.write("grafana.ini", Self.ini)
        try Self.expectStripped(gateway)
    }

    @Test func `a name that stands in another file counts from when that can be read`() throws {
        let (upstream, folder) = (try Upstream(), try TemporaryFolder())
        let file = try folder.write("grafana.ini", "[auth.proxy]\nheader_name = $__file{\(folder.path)/name}\n")
        let gateway = try Gateway(upstream: upstream.port, flags: ["--grafana-config", file])
        try Self.expectHold(gateway, upstream)
        try folder.write("name", "X-Late-User")
        #expect(gateway.process.stderr.wait(containing: "requests go on to the upstream from now on") != nil)
        let answer = try gateway.request("GET", "/echo", Self.claims)
        #expect(answer.status == 200 && !answer.text.contains("X-Late-User"), "\(answer.text)")
    }

    @Test func `rights that are mended count as a change`() throws {
        guard geteuid() != 0 || Programs.installed("setpriv") != nil else {
            return print("skipping files of another user: no setpriv")
        }
        let (upstream, folder) = (try Upstream(), try TemporaryFolder())
        let file = try folder.write("grafana.ini", Self.ini)
        #expect(chmod(file, 0) == 0)
        let gateway = try Gateway(
            upstream: upstream.port, flags: ["--grafana-config", file], isOrdinaryUser: true)
        try Self.expectHold(gateway, upstream)
        #expect(chmod(file, 0o644) == 0)
        try Self.expectStripped(gateway)
    }
}
