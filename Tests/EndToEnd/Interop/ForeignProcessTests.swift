import Foundation
import Glibc
import Testing

/// How plugins that are not built on our code start, write and end.
@Suite(.timeLimit(.minutes(5)))
struct ForeignProcessTests {
    private func ask(_ gateway: Gateway, _ type: String = "") throws -> Answer {
        try gateway.request(
            "POST", "\(ForeignPlugin.source)/query",
            body: QueryCase.queries(#"{"refId":"A","queryType":"\#(type)"}"#))
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `a handshake of five fields with a TCP address is taken`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.gateway("tcp") else { return }
        #expect(try ask(gateway).status == 200)
        #expect(try gateway.request("GET", "\(ForeignPlugin.source)/health").status == 200)
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `a line before the handshake is logged and passed over`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.gateway("noise") else { return }
        let line = gateway.process.stderr.wait(seconds: 5, containing: "welcome to the plugin")
        #expect(line?.contains("before its handshake") == true, "\(gateway.log)")
        #expect(try ask(gateway).status == 200)
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `a plugin that floods both streams is answered and goes on`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.gateway() else { return }
        #expect(try ask(gateway, "flood").status == 200)
        #expect(try ask(gateway).status == 200)
        // Of 20 million bytes the log has its share only.
        #expect(gateway.process.stderr.count < 100_000)
        #expect(gateway.residentBytes < 300 << 20)
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `a plugin that exits in a call is started again`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.gateway() else { return }
        let place = gateway.process.stderr.count
        let answer = try ask(gateway, "exit")
        #expect(answer.status == 503 && answer.isStatus, "\(answer.text)")
        try gateway.waitForPlugin(plugin.rawValue, from: place, seconds: 60)
        #expect(try ask(gateway).status == 200)
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `an answer whose plugin is killed is cut`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.gateway() else { return }
        let place = gateway.process.stderr.count
        let stream = try BodyLines(gateway, "\(ForeignPlugin.source)/resources/endless")
        #expect(try stream.next() == "first")
        let plugins = ProcessFacts.children(gateway.process.pid)
        #expect(plugins.count == 1)
        for process in plugins { kill(process, SIGKILL) }
        // An answer that ended as if it were whole would give nil.
        #expect(throws: Trouble.self) { try stream.next() }
        try gateway.waitForPlugin(plugin.rawValue, from: place, seconds: 60)
        #expect(try ask(gateway).status == 200)
    }

    @Test(arguments: ForeignPlugin.allCases)
    func `requests up to the plugin's limit pass whole`(plugin: ForeignPlugin) throws {
        guard let gateway = try plugin.sharedGateway() else { return }
        let path = "\(ForeignPlugin.source)/resources/x"
        let body = String(repeating: "0123456789", count: 1_670_000)
        let answer = try gateway.request("PUT", path, body: body)
        #expect(answer.status == 200 && answer.body == Array("PUT x\(body)".utf8), "\(answer.body.count)")
        let client = try gateway.connect()
        try client.send("PUT \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17000000\r\n\r\n")
        let refused = try client.readAnswer()
        #expect(refused.status == 413 && refused.message.contains("plugin-request-limit"), "\(refused.text)")
    }
}
