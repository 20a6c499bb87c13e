import Bytes
import Storage
import Testing

@testable import APIServer

/// Objects and their status are two things to write, and only one to read.
struct SubresourceTests {
    private static let available: JSONValue = [
        "conditions": [["type": "Available", "status": "True", "reason": "R", "message": "m"]]
    ]

    @Test func `DP-11 an update of the status leaves everything else`() async throws {
        try await TestServer.with { server in
            let made = try await server.send("POST", Samples.path, Samples.service("a", labels: ["l": "1"])).json
            var changed = made
            changed["spec"]?["pluginID"] = "other"
            changed["metadata"]?["labels"] = ["l": "2"]
            changed["metadata"]?["annotations"] = ["a": "b"]
            changed["status"] = Self.available
            let reply = try await server.send("PUT", Samples.path + "/a/status", changed)
            #expect(reply.status == 200, "\(reply.body)")
            #expect(reply.json["status"]?["conditions"]?[0]?["status"] == "True")
            #expect(reply.json["spec"] == made["spec"])
            #expect(reply.json["metadata"]?["labels"] == ["l": "1"])
            #expect(reply.json["metadata"]?["annotations"] == nil)
            #expect(reply.json["metadata"]?["generation"] == 1)
            // DP-10: nor does an update of the object touch the status.
            var back = reply.json
            back["status"] = nil
            back["spec"]?["pluginID"] = "third"
            let update = try await server.send("PUT", Samples.path + "/a", back)
            #expect(update.json["spec"]?["pluginID"] == "third")
            #expect(update.json["status"] == reply.json["status"])
        }
    }

    @Test func `DP-12 nobody owns through one of them what belongs to the other`() async throws {
        try await TestServer.with { server in
            let headers = ["Content-Type": "application/apply-patch+yaml"]
            let path = Samples.path + "/a"
            var object = Samples.service("a", labels: ["l": "1"])
            object["status"] = Self.available
            let made = try await server.send("PATCH", path + "?fieldManager=main", object, headers: headers)
            #expect(made.status == 201, "\(made.body)")
            #expect(made.json["status"]?["conditions"] == nil)
            let reply = try await server.send("PATCH", path + "/status?fieldManager=status", object, headers: headers)
            #expect(reply.status == 200, "\(reply.body)")
            #expect(reply.json["status"]?["conditions"]?[0]?["reason"] == "R")
            let owners = try await server.send("GET", path).json["metadata"]?["managedFields"]?.asArray ?? []
            func fields(_ manager: String) -> [String] {
                let entry = owners.first { $0["manager"]?.asString == manager }
                return entry?["fieldsV1"]?.asObject?.map(\.key) ?? []
            }
            #expect(!fields("main").isEmpty && !fields("main").contains("f:status"))
            #expect(fields("status") == ["f:status"])
        }
    }

    @Test func `DP-18 there are no objects in namespaces`() async throws {
        try await TestServer.with { server in
            let path = "/apis/aggregation.grafana.app/v0alpha1/namespaces/default/dataplaneservices"
            let list = try await server.send("GET", path)
            let made = try await server.send("POST", path, Samples.service("a"))
            let one = try await server.send("GET", path + "/a")
            #expect(list.status == 404 && one.status == 404, "\(list.status) \(one.status)")
            #expect([404, 405].contains(made.status), "\(made.status)")
            #expect(server.store.version == 1)
        }
    }
}
