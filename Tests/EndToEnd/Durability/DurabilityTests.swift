import Foundation
import Glibc
import Testing

/// What is left after the gateway was killed while clients wrote to it.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct DurabilityTests {
    @Test func `acknowledged writes survive kills, and nothing is half written`() throws {
        let script = try ChildProcess(
            "/bin/bash", ["\(Programs.root)/scripts/durability.sh", "3"],
            environment: ["GATEWAY_BIN": try Programs.gateway()])
        #expect(script.waitForExit(seconds: 120))
        let verdict = script.stdout.wait(containing: "acknowledged writes all there")
        #expect(script.exitStatus == 0, "\(script.stdout.tail())\n\(script.stderr.tail())")
        #expect(verdict != nil, "\(script.stdout.tail())\n\(script.stderr.tail())")
        print(script.stdout.tail())
    }

    @Test func `DP-20 and LC-08 registrations survive a kill and serve from the first request on`() throws {
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("testds", in: $0) }, sources: [.init(uid: "123")])
        let service = Gateway.Service()
        let made = try gateway.create(service)
        #expect(made.status == 201, "\(made.text)")
        try gateway.waitForPlugin("testds")
        let uid = made.json.at("metadata.uid") as? String
        gateway.process.signal(SIGKILL)
        #expect(gateway.process.waitForExit())

        let second = try SecondStart(of: gateway)
        // The route is known before the port is: what answers is the plugin or the wait for it, never the next handler.
        let first = try second.request("POST", QueryRouteTests.path, body: QueryRouteTests.one)
        #expect(first.status == 200 || first.status == 503 && first.message.contains("testds"), "\(first.text)")
        let kept = try second.request("GET", "\(Gateway.services)/\(service.name)")
        #expect(kept.status == 200, "\(kept.text)")
        #expect(uid != nil && kept.json.at("metadata.uid") as? String == uid)
        #expect(kept.json.at("spec.group") as? String == service.group)
        #expect(second.process.stderr.wait { $0.contains("plugin is ready") } != nil)
        #expect(try second.request("POST", QueryRouteTests.path, body: QueryRouteTests.one).status == 200)
    }

    @Test func `two gateways don't share a data folder`() throws {
        let gateway = try Gateway()
        #expect(throws: Trouble.self) { try SecondStart(of: gateway) }
        #expect(try gateway.request("GET", Gateway.services).status == 200)
    }
}
