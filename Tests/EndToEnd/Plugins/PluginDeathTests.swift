import Foundation
import Glibc
import Testing

/// Plugins that end, or are ended, while the gateway works.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct PluginDeathTests {
    private static func twoPlugins() throws -> Gateway {
        let gateway = try Gateway(
            plugins: { folder in
                try TestPlugins.install("alpha", in: folder)
                try TestPlugins.install("beta", in: folder)
            },
            services: ["alpha", "beta"].map { .init(group: "\($0).example.com", pluginID: $0) },
            sources: ["alpha", "beta"].map { .init(uid: $0, type: $0) })
        try gateway.waitForPlugin("alpha")
        try gateway.waitForPlugin("beta")
        return gateway
    }

    private static func path(_ id: String) -> String {
        "/apis/\(id).example.com/v1/namespaces/default/datasources/\(id)/query"
    }
    private static let body = QueryCase.queries(#"{"refId":"A"}"#)

    private static func pid(_ gateway: Gateway, _ id: String) throws -> pid_t {
        let answer = try gateway.request("POST", path(id), body: body)
        guard let text = answer.json.at("results.A.frames.0.data.values.0.0") as? String,
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let pid = object["pid"] as? Int
        else { throw Trouble("no pid: \(answer.status) \(answer.text)") }
        return pid_t(pid)
    }

    /// Asks one plugin again and again on one connection, and notes when what came.
    private final class Load: @unchecked Sendable {
        private(set) var answers: [(at: Date, status: Int, message: String)] = []
        private(set) var failure: String?
        private let done = DispatchSemaphore(value: 0)
        private let lock = NSLock()
        private var isStopped = false

        init(_ gateway: Gateway, _ id: String) {
            let thread = Thread { [self] in
                do {
                    let client = try gateway.connect()
                    while !lock.withLock({ isStopped }) {
                        let answer = try client.request("POST", PluginDeathTests.path(id), body: PluginDeathTests.body)
                        answers.append((Date(), answer.status, answer.status == 200 ? "" : answer.message))
                    }
                } catch { failure = "\(error)" }
                done.signal()
            }
            thread.start()
        }

        func stop() {
            lock.withLock { isStopped = true }
            done.wait()
        }
    }

    @Test func `a killed plugin serves again within a second and the other one never stops`() throws {
        let gateway = try Self.twoPlugins()
        let victim = try Self.pid(gateway, "alpha")
        let (alpha, beta) = (Load(gateway, "alpha"), Load(gateway, "beta"))
        let place = gateway.process.stderr.count
        let killed = Date()
        kill(victim, SIGKILL)
        try gateway.waitForPlugin("alpha", from: place)
        #expect(try Self.pid(gateway, "alpha") != victim)
        let again = Date()
        alpha.stop()
        beta.stop()
        print("plugin killed under load: serving again after \(Int(again.timeIntervalSince(killed) * 1000)) ms")
        #expect(again.timeIntervalSince(killed) < 1)
        #expect(alpha.failure == nil && beta.failure == nil)
        #expect(beta.answers.allSatisfy { $0.status == 200 })
        #expect(beta.answers.contains { $0.at > killed && $0.at < again })
        for answer in alpha.answers where answer.status != 200 {
            #expect(answer.status == 503, "\(answer)")
            #expect(answer.message.contains("alpha"), "\(answer.message)")
        }
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func `a call under way ends at once with the cause`(signal: Int32) throws {
        let gateway = try Self.twoPlugins()
        let victim = try Self.pid(gateway, "alpha")
        let client = try gateway.connect()
        let body = QueryCase.queries(#"{"do":"sleep","ms":60000,"tag":"dies"}"#)
        try client.send(
            "POST \(Self.path("alpha")) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        #expect(gateway.process.stderr.wait(containing: "sleeping dies") != nil)
        let start = Date()
        kill(victim, signal)
        let answer = try client.readAnswer()
        #expect(Date().timeIntervalSince(start) < 1)
        #expect(answer.status == 503, "\(answer.text)")
        #expect(answer.isStatus && answer.message.contains("alpha"), "\(answer.text)")
    }

    @Test func `a plugin that ends itself in a call is started again`() throws {
        let gateway = try Self.twoPlugins()
        let place = gateway.process.stderr.count
        let answer = try gateway.request(
            "POST", Self.path("alpha"), body: QueryCase.queries(#"{"do":"exit","code":7}"#))
        #expect(answer.status == 503, "\(answer.text)")
        #expect(gateway.process.stderr.wait(from: place) { $0.contains("plugin is down") && $0.contains("7") } != nil)
        try gateway.waitForPlugin("alpha", from: place)
        #expect(try gateway.request("POST", Self.path("alpha"), body: Self.body).status == 200)
    }

    @Test func `a plugin that floods its streams does no harm`() throws {
        let gateway = try Self.twoPlugins()
        let before = gateway.residentBytes
        let flood = try gateway.request(
            "POST", Self.path("alpha"), body: QueryCase.queries(#"{"do":"flood","lines":100000}"#))
        #expect(flood.status == 200)
        #expect(try gateway.request("POST", Self.path("beta"), body: Self.body).status == 200)
        print("40 MB of plugin output: RSS \(before >> 20) MiB, then \(gateway.residentBytes >> 20) MiB")
        #expect(gateway.residentBytes - before < 60 << 20)
    }

    @Test func `no plugin outlives a killed gateway`() throws {
        let gateway = try Self.twoPlugins()
        let plugins = [try Self.pid(gateway, "alpha"), try Self.pid(gateway, "beta")]
        kill(gateway.process.pid, SIGKILL)
        for pid in plugins { #expect(ProcessFacts.waitForEnd(pid, seconds: 3)) }
    }

    @Test func `a graceful stop leaves nothing and finishes what is under way`() throws {
        let gateway = try Self.twoPlugins()
        let plugins = [try Self.pid(gateway, "alpha"), try Self.pid(gateway, "beta")]
        let client = try gateway.connect()
        let body = QueryCase.queries(#"{"refId":"A","do":"sleep","ms":700,"tag":"last"}"#)
        try client.send(
            "POST \(Self.path("alpha")) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        #expect(gateway.process.stderr.wait(containing: "sleeping last") != nil)
        let idle = try gateway.connect()
        _ = try idle.request("GET", "/x")
        gateway.process.signal(SIGTERM)
        #expect(try idle.readToEnd().isEmpty)
        let answer = try client.readAnswer()
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["Connection"] == "close")
        #expect(gateway.process.waitForExit(seconds: 10))
        #expect(gateway.process.exitStatus == 0, "\(gateway.log)")
        for pid in plugins { #expect(!ProcessFacts.isAlive(pid)) }
        #expect(throws: (any Error).self) { try gateway.connect() }
    }

    @Test func `a plugin that ignores its end is killed`() throws {
        let gateway = try Self.twoPlugins()
        let stuck = try Self.pid(gateway, "alpha")
        kill(stuck, SIGSTOP)
        let start = Date()
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 15), "\(gateway.log)")
        print("stop with a stuck plugin took \(Int(Date().timeIntervalSince(start) * 1000)) ms")
        #expect(!ProcessFacts.isAlive(stuck))
    }
}
