import Foundation
import Glibc
import Testing

/// Limits of heads, Unix sockets, passing on without users, and what is said while the upstream is away.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamSettingsTests {
    @Test func `heads that Grafana takes pass by default, and the limits are settings`() throws {
        let gateway = try Shared.proxy.get()
        let cookie = [("Cookie", "a=" + String(repeating: "x", count: 65_536))]
        #expect(try gateway.request("GET", "/echo", cookie).status == 200)
        let many = (0..<130).map { ("X-Field-\($0)", "\($0)") }
        let got = try gateway.request("GET", "/echo", many).json["headers"] as? [[String]] ?? []
        #expect(got.count { $0[0].hasPrefix("X-Field-") } == 130)
        let long = "/echo?" + String(repeating: "a", count: 33 * 1024)
        #expect(try gateway.request("GET", long).json["target"] as? String == long)

        let small = try Gateway(
            upstream: try Shared.upstream.get().port,
            flags: ["--request-head-limit", "8192", "--request-target-limit", "2048", "--request-fields-limit", "20"])
        for (status, setting, target, headers) in [
            (431, "request-head-limit", "/echo", [("Cookie", String(repeating: "x", count: 9000))]),
            (431, "request-fields-limit", "/echo", Array(many.prefix(20))),
            (414, "request-target-limit", "/echo?" + String(repeating: "a", count: 3000), []),
        ] {
            let answer = try small.request("GET", target, headers)
            #expect(answer.status == status && answer.isStatus && answer.message.contains(setting), "\(answer.text)")
        }
    }

    @Test func `the upstream may listen on a Unix socket`() throws {
        let folder = try TemporaryFolder()
        let socket = "\(folder.path)/g.sock"
        let upstream = try ChildProcess(
            Programs.python(), ["\(Programs.root)/Tests/EndToEnd/Support/upstream.py", "unix", socket])
        #expect(upstream.stdout.wait(containing: "port") != nil)
        let gateway = try Gateway(flags: ["--upstream", "unix:\(socket)"])
        let answer = try gateway.request("GET", "/echo?a=b", [("Host", "grafana.example")])
        #expect(answer.json["target"] as? String == "/echo?a=b")
        #expect((answer.json["headers"] as? [[String]])?.contains(["Host", "grafana.example"]) == true)
        #expect(try gateway.request("POST", "/echo", body: "body").json["body"] as? String == "body")
        upstream.end()
        try FileManager.default.removeItem(atPath: socket)
        let away = try gateway.request("GET", "/echo")
        #expect(away.status == 502 && away.message.contains("unix:\(socket)"), "\(away.text)")
    }

    @Test func `passing on needs no users, and the gateway's own routes stay closed`() throws {
        let gateway = try Gateway(
            upstream: try Shared.upstream.get().port, services: [.init()], flags: ["--bind-address", "0.0.0.0"])
        let own = [("Host", "localhost")]
        #expect(try gateway.request("GET", "/echo", own).json["target"] as? String == "/echo")
        for path in ["/apis", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices", "/openapi/v3"] {
            let answer = try gateway.request("GET", path, own)
            #expect(answer.status == 403 && answer.isStatus, "\(path): \(answer.text)")
        }
        let path = "/apis/test.example.com/v1/namespaces/default/datasources/123/query"
        #expect(try gateway.request("POST", path, own, body: "{}").status == 403)
        #expect(try gateway.request("GET", "/readyz", own).status == 200)
        #expect(gateway.process.stderr.number(containing: "own routes stay closed") == 1)
    }

    @Test func `readiness may depend on the upstream`() throws {
        let port = try FreePort.take()
        let optional = try Gateway(upstream: port)
        #expect(try optional.request("GET", "/readyz").status == 200)
        #expect(try optional.request("GET", "/readyz/upstream").status == 500)
        #expect(try optional.request("GET", "/readyz?verbose").text.contains("[-]upstream failed, and is not required"))
        #expect(try optional.admin("/metrics").text.contains("\ngateway_upstream_up 0\n"))
        let required = try Gateway(upstream: port, flags: ["--upstream-required", "true"])
        #expect(try required.request("GET", "/readyz").status == 500)
        #expect(try required.request("GET", "/livez").status == 200)
        #expect(try required.request("GET", "/readyz?exclude=upstream").status == 200)
        let there = try Gateway(upstream: try Shared.upstream.get().port, flags: ["--upstream-required", "true"])
        #expect(try there.request("GET", "/readyz?verbose").text.contains("[+]upstream ok"))
        #expect(try there.admin("/metrics").text.contains("\ngateway_upstream_up 1\n"))
    }

    @Test func `a browser waits on a page while the upstream is away, a program gets a Status`() throws {
        let gateway = try Gateway(upstream: try FreePort.take())
        let browser = [("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]
        let page = try gateway.request("GET", "/d/abc/<script>", browser)
        #expect(page.status == 502 && page["Content-Type"] == "text/html; charset=utf-8", "\(page.text)")
        #expect(page.text.contains("http-equiv=\"refresh\"") && !page.text.contains("<script"), "\(page.text)")
        #expect(page["Cache-Control"] == "no-store" && page["Retry-After"] != nil)
        let head = try gateway.request("HEAD", "/", browser)
        #expect(head.status == 502 && head.body.isEmpty)
        for headers in [
            [], [("Accept", "application/json")], [("Accept", "*/*")], [("Accept", "application/json, text/html")],
        ] {
            let answer = try gateway.request("GET", "/api/x", headers)
            #expect(answer.status == 502 && answer.isStatus, "\(answer.text)")
        }
        #expect(try gateway.request("POST", "/login", browser, body: "a=b").isStatus)
        // An error of the upstream's own is the upstream's page.
        let there = try Shared.proxy.get().request("GET", "/status?n=503", browser)
        #expect(there.status == 503 && there.text == "status")
    }

    @Test func `no stray signal ends the gateway`() throws {
        let gateway = try Gateway()
        for number in [SIGUSR1, SIGUSR2, SIGHUP, SIGALRM, SIGPIPE] {
            gateway.process.signal(number)
            #expect(try gateway.request("GET", "/livez").status == 200)
        }
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 5) && gateway.process.exitStatus == 0)
    }
}
