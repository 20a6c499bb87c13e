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

    @Test func `a restart rewrites no object and no condition`() throws {
        let upstream = try Upstream()
        let (fine, absent) = (Gateway.Service(plugin: "alpha"), Gateway.Service(plugin: "absent"))
        let unserved = Gateway.Service(group: "stream.example.com", pluginID: "alpha", type: "stream")
        let many = (0..<110).map { Gateway.Service(group: "g\($0).example.com", pluginID: "absent") }
        let gateway = try Gateway(
            plugins: { folder in
                try TestPlugins.install("alpha", in: folder)
                try folder.write(
                    "manifests/backend.yaml",
                    """
                    apiVersion: aggregation.grafana.app/v0alpha1
                    kind: DataPlaneService
                    metadata:
                      name: v1.backend.example.com
                    spec:
                      group: backend.example.com
                      version: v1
                      backend:
                        type: http
                        baseURL: http://127.0.0.1:\(upstream.port)
                      services:
                        - type: route
                          path: /x

                    """)
            }, services: [fine, absent, unserved] + many, sources: [.init(uid: "alpha", type: "alpha")])
        let before = try ServiceWatch(gateway)
        let expected = [
            fine.name: "True PluginReady", absent.name: "False PluginNotFound",
            unserved.name: "False ServiceTypeNotImplemented", "v1.backend.example.com": "True BackendReachable",
            many[109].name: "False PluginNotFound",
        ]
        var versions: [String: String] = [:]
        for (name, ready) in expected {
            let state = try before.wait(name) {
                $0.condition("PluginReady") == ready && !$0.condition("Accepted").isEmpty
            }
            versions[name] = state.object.at("metadata.resourceVersion") as? String
        }
        gateway.process.signal(SIGTERM)
        #expect(gateway.process.waitForExit(seconds: 10))

        let second = try SecondStart(of: gateway)
        let after = try ServiceWatch(port: second.port)
        #expect(second.process.stderr.wait { $0.contains("plugin is ready") } != nil)
        // What this object turns out to be is known after everything that could be said of the others.
        let last = Gateway.Service(group: "last.example.com", pluginID: "alpha", type: "stream")
        let body = last.json.replacingOccurrences(of: "\"type\": \"query\"", with: "\"type\": \"stream\"")
        #expect(try second.request("POST", Gateway.services, body: body).status == 201)
        try after.wait(last.name) { $0.condition("PluginReady") == "False ServiceTypeNotImplemented" }
        for (name, ready) in expected {
            let states = after.states(of: name)
            #expect(states.map { $0.condition("PluginReady") } == [ready], "\(name)")
            #expect(states.last?.object.at("metadata.resourceVersion") as? String == versions[name], "\(name)")
        }
        for word in ["manifest: created", "manifest: updated"] {
            #expect(second.process.stderr.number(containing: word) == 0, "\(second.process.stderr.tail())")
        }
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
