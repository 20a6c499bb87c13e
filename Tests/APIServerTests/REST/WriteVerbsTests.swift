import DataPlaneAPI
import Storage
import Testing

@testable import APIServer
@testable import Bytes

struct WriteVerbsTests {
    private let merge = ["Content-Type": "application/merge-patch+json"]

    @Test func `DP-01 and DP-02 a created object has everything the server adds and no status`() async throws {
        try await TestServer.with { server in
            var object = Samples.service("a")
            object["metadata"]?["uid"] = "mine"
            object["status"] = ["conditions": [["type": "Available", "status": "True"]]]
            let reply = try await server.send("POST", Samples.path + "?fieldManager=me", object)
            #expect(reply.status == 201)
            let metadata = reply.json["metadata"]
            #expect(metadata?["uid"]?.asString?.count == 36)
            #expect(metadata?["resourceVersion"] == "2")
            #expect(metadata?["generation"] == 1)
            #expect(metadata?["creationTimestamp"]?.asString?.hasSuffix("Z") ?? false)
            #expect(metadata?["managedFields"]?[0]?["manager"] == "me")
            #expect(reply.json["status"]?["conditions"] == nil)
            #expect(reply.field("Audit-Id") != nil)
            #expect(reply.field("Cache-Control") == "no-cache, private")
            #expect(try await server.send("POST", Samples.path, object).status == 409)
        }
    }

    @Test func `a body without type, and one in YAML, are accepted`() async throws {
        try await TestServer.with { server in
            var object = Samples.service("a")
            object["apiVersion"] = nil
            object["kind"] = nil
            #expect(try await server.send("POST", Samples.path, object).status == 201)
            let yaml = """
                metadata: {name: b}
                spec: {pluginID: x, group: b.example.org, version: v1, services: [{type: query}]}
                """
            let reply = try await server.send(
                "POST", Samples.path, yaml, headers: ["Content-Type": "application/yaml", "Accept": "application/yaml"])
            #expect(reply.status == 201)
            #expect(reply.body.contains("pluginID: x\n"))
        }
    }

    @Test func `a generated name has a random end`() async throws {
        try await TestServer.with { server in
            var object = Samples.service("a")
            object["metadata"] = ["generateName": "made-"]
            let names = [
                try await server.send("POST", Samples.path, object).json["metadata"]?["name"]?.asString ?? "",
                try await server.send("POST", Samples.path, object).json["metadata"]?["name"]?.asString ?? "",
            ]
            #expect(names.allSatisfy { $0.hasPrefix("made-") && $0.count == 10 })
            #expect(Set(names).count == 2)
        }
    }

    @Test(arguments: [
        (#"{"metadata":{"name":"a"}}"#, "", 422), ("[]", "", 400), ("{", "", 400), (#"{"kind":"Pod"}"#, "", 400),
        (#"{"metadata":{"name":"a","resourceVersion":"7"}}"#, "", 400), (#"{"metadata":{"name":5}}"#, "", 400),
        (#"{"metadata":{"name":"a","labels":{"a b":"c"}}}"#, "", 422), ("{}", "?dryRun=some", 422),
        ("{}", "?fieldValidation=some", 422), ("{}", "?fieldManager=a%00b", 422),
    ])
    func `a bad create is refused`(_ body: String, _ query: String, _ status: Int) async throws {
        try await TestServer.with { server in
            let reply = try await server.send("POST", Samples.path + query, body)
            #expect(reply.status == status)
            #expect(reply.json["kind"] == "Status")
            #expect(reply.json["code"] == .int(status))
            #expect(server.store.version == 1)
        }
    }

    @Test func `unknown and repeated fields are told about as the client wishes`() async throws {
        try await TestServer.with { server in
            let body =
                #"{"metadata":{"name":"a"},"spec":{"pluginID":"x","pluginID":"y","group":"a.b","version":"v1","bogus":1,"services":[{"type":"query"}]}}"#
            let strict = try await server.send("POST", Samples.path + "?fieldValidation=Strict", body)
            #expect(strict.status == 400)
            #expect(
                strict.json["message"]
                    == #"strict decoding error: duplicate field "spec.pluginID", unknown field "spec.bogus""#)
            let warned = try await server.send("POST", Samples.path + "?dryRun=All", body)
            #expect(warned.status == 201)
            #expect(warned.head.contains(#"Warning: 299 - "unknown field \"spec.bogus\"""#))
            #expect(warned.json["spec"]?["pluginID"] == "y")
            let ignored = try await server.send("POST", Samples.path + "?fieldValidation=Ignore", body)
            #expect(ignored.status == 201)
            #expect(ignored.field("Warning") == nil)
            #expect(ignored.json["spec"]?["bogus"] == nil)
        }
    }

    @Test func `DP-08 DP-09 DP-10 an update needs the version it is based on, and an equal one writes nothing`()
        async throws
    {
        try await TestServer.with { server in
            let made = try await server.send("POST", Samples.path, Samples.service("a")).json
            let path = Samples.path + "/a"
            let bare = try await server.send("PUT", path, Samples.service("a"))
            #expect(bare.status == 422)
            #expect(bare.json["details"]?["causes"]?[0]?["field"] == "metadata.resourceVersion")

            let same = try await server.send("PUT", path, made)
            #expect(same.status == 200)
            #expect(same.json["metadata"]?["resourceVersion"] == "2")

            var changed = made
            changed["spec"]?["pluginID"] = "other"
            changed["status"] = ["conditions": [["type": "Available", "status": "True"]]]
            let update = try await server.send("PUT", path, changed)
            #expect(update.status == 200)
            #expect(update.json["metadata"]?["generation"] == 2)
            #expect(update.json["status"]?["conditions"] == nil)
            #expect(try await server.send("PUT", path, changed).status == 409)

            changed["metadata"]?["resourceVersion"] = update.json["metadata"]?["resourceVersion"]
            changed["spec"]?["group"] = "moved.example.org"
            #expect(try await server.send("PUT", path, changed).status == 422)
            changed["metadata"]?["name"] = "b"
            #expect(try await server.send("PUT", path, changed).status == 400)
            #expect(try await server.send("PUT", Samples.path + "/b", changed).status == 404)
        }
    }

    @Test func `the status endpoint changes the status and nothing else`() async throws {
        try await TestServer.with { server in
            _ = try await server.send("POST", Samples.path, Samples.service("a"))
            let patch =
                #"{"metadata":{"labels":{"a":"b"}},"spec":{"pluginID":"z"},"status":{"conditions":[{"type":"Available","status":"True"}]}}"#
            let reply = try await server.send("PATCH", Samples.path + "/a/status", patch, headers: merge)
            #expect(reply.status == 200)
            #expect(reply.json["spec"]?["pluginID"] == "acme-datasource")
            #expect(reply.json["metadata"]?["labels"] == nil)
            #expect(reply.json["metadata"]?["generation"] == 1)
            #expect(reply.json["status"]?["conditions"]?[0]?["status"] == "True")
            #expect(reply.json["metadata"]?["managedFields"]?[1]?["subresource"] == "status")
            #expect(try await server.send("GET", Samples.path + "/a/status").json == reply.json)
            #expect(try await server.send("DELETE", Samples.path + "/a/status").status == 405)
        }
    }

    @Test func `DP-12 each kind of patch works, and the wrong kind is 415`() async throws {
        try await TestServer.with { server in
            _ = try await server.send("POST", Samples.path, Samples.service("a"))
            let path = Samples.path + "/a"
            let merged = try await server.send("PATCH", path, #"{"spec":{"pluginID":"m"}}"#, headers: merge)
            #expect(merged.json["spec"]?["pluginID"] == "m")
            let json = ["Content-Type": "application/json-patch+json"]
            let patched = try await server.send(
                "PATCH", path, #"[{"op":"replace","path":"/spec/pluginID","value":"j"}]"#, headers: json)
            #expect(patched.json["spec"]?["pluginID"] == "j")
            let failed = try await server.send("PATCH", path, #"[{"op":"remove","path":"/none"}]"#, headers: json)
            #expect(failed.status == 422)
            let strategic = ["Content-Type": "application/strategic-merge-patch+json"]
            #expect(try await server.send("PATCH", path, "{}", headers: strategic).status == 415)
            #expect(try await server.send("PATCH", path, "[]", headers: merge).status == 400)
            let old = #"{"metadata":{"resourceVersion":"2"}}"#
            #expect(try await server.send("PATCH", path, old, headers: merge).status == 409)
            #expect(try await server.send("PATCH", Samples.path + "/none", "{}", headers: merge).status == 404)
        }
    }

    @Test func `concurrent patches all arrive`() async throws {
        try await TestServer.with { server in
            _ = try await server.send("POST", Samples.path, Samples.service("a"))
            let (path, merge) = (Samples.path + "/a", merge)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<4 {
                    group.addTask {
                        try await server.send(
                            "PATCH", path, #"{"metadata":{"labels":{"l\#(index)":"x"}}}"#, headers: merge
                        ).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == [200, 200, 200, 200])
            let labels = try await server.send("GET", path).json["metadata"]?["labels"]?.asObject
            #expect(labels?.count == 4)
        }
    }

    @Test func `apply creates, merges and refuses what another owns`() async throws {
        try await TestServer.with { server in
            let headers = ["Content-Type": "application/apply-patch+yaml"]
            let path = Samples.path + "/a"
            #expect(try await server.send("PATCH", path, Samples.service("a"), headers: headers).status == 422)
            let made = try await server.send("PATCH", path + "?fieldManager=a", Samples.service("a"), headers: headers)
            #expect(made.status == 201)
            let again = try await server.send("PATCH", path + "?fieldManager=a", Samples.service("a"), headers: headers)
            #expect(again.status == 200)
            #expect(again.json["metadata"]?["resourceVersion"] == made.json["metadata"]?["resourceVersion"])
            let other = Samples.service("a", plugin: "other")
            let refused = try await server.send("PATCH", path + "?fieldManager=b", other, headers: headers)
            #expect(refused.status == 409)
            #expect(refused.json["details"]?["causes"]?[0]?["reason"] == "FieldManagerConflict")
            #expect(refused.json["details"]?["causes"]?[0]?["field"] == ".spec.pluginID")
            let forced = try await server.send("PATCH", path + "?fieldManager=b&force=true", other, headers: headers)
            #expect(forced.json["spec"]?["pluginID"] == "other")
        }
    }

    @Test func `apply knows old spellings and lets nobody own an unknown field`() async throws {
        try await TestServer.with { server in
            let headers = ["Content-Type": "application/apply-patch+yaml"]
            let yaml = """
                apiVersion: aggregation.grafana.app/v0alpha1
                kind: DataPlaneService
                metadata: {name: a}
                spec:
                  group: a.example.org
                  version: v1
                  bogus: 1
                  backend: {type: plugin, pluginID: early}
                  services: [{type: data}]
                """
            let path = Samples.path + "/a?fieldManager=m"
            #expect(
                try await server.send("PATCH", path + "&fieldValidation=Strict", yaml, headers: headers).status == 400)
            let made = try await server.send("PATCH", path, yaml, headers: headers)
            #expect(made.status == 201)
            #expect(made.field("Warning")?.contains("spec.bogus") ?? false)
            #expect(made.json["spec"]?["pluginID"] == "early")
            #expect(made.json["spec"]?["services"] == [["type": "query"]])
            let fields = made.json["metadata"]?["managedFields"]?[0]?["fieldsV1"]
            #expect(fields?["f:spec"]?["f:pluginID"] != nil)
            #expect(fields?["f:spec"]?["f:bogus"] == nil)
            let again = try await server.send("PATCH", path, yaml, headers: headers)
            #expect(again.status == 200)
            #expect(again.json["metadata"]?["resourceVersion"] == made.json["metadata"]?["resourceVersion"])
        }
    }

    @Test func `a manifest's object is not changed by hand, and the answer names the file`() async throws {
        try await TestServer.with { server in
            _ = try await server.store.create(Samples.key("a"), Samples.service("a"), note: "/etc/gateway/a.yaml")
            for (method, body) in [("PATCH", #"{"spec":{"pluginID":"m"}}"#), ("DELETE", "")] {
                let reply = try await server.send(method, Samples.path + "/a", body, headers: merge)
                #expect(reply.status == 403)
                #expect(reply.json["message"]?.asString?.contains("/etc/gateway/a.yaml") ?? false)
            }
            #expect(try await server.send("DELETE", Samples.path).status == 403)
            let status = #"{"status":{"conditions":[{"type":"Available","status":"True"}]}}"#
            #expect(try await server.send("PATCH", Samples.path + "/a/status", status, headers: merge).status == 200)
        }
    }

    @Test func `delete tells the uid, waits for finalizers and honours preconditions`() async throws {
        try await TestServer.with { server in
            let made = try await server.send("POST", Samples.path, Samples.service("a")).json
            let path = Samples.path + "/a"
            #expect(try await server.send("DELETE", path, #"{"preconditions":{"uid":"x"}}"#).status == 409)
            #expect(try await server.send("DELETE", path, #"{"dryRun":["All"]}"#).status == 200)
            let gone = try await server.send("DELETE", path, #"{"propagationPolicy":"Background"}"#)
            #expect(gone.json["status"] == "Success")
            #expect(gone.json["details"]?["uid"] == made["metadata"]?["uid"])
            #expect(try await server.send("DELETE", path).status == 404)

            var held = Samples.service("a")
            held["metadata"]?["finalizers"] = ["example.org/wait"]
            _ = try await server.send("POST", Samples.path, held)
            let marked = try await server.send("DELETE", path)
            #expect(marked.json["metadata"]?["deletionTimestamp"] != nil)
            #expect(try await server.send("DELETE", path).status == 200)
            let last = try await server.send("PATCH", path, #"{"metadata":{"finalizers":null}}"#, headers: merge)
            #expect(last.status == 200)
            #expect(try await server.send("GET", path).status == 404)
        }
    }

    @Test func `a collection is deleted by selector`() async throws {
        try await TestServer.with { server in
            for (name, team) in [("a", "x"), ("b", "y"), ("c", "x")] {
                _ = try await server.send("POST", Samples.path, Samples.service(name, labels: ["team": .string(team)]))
            }
            let reply = try await server.send("DELETE", Samples.path + "?labelSelector=team%3Dx")
            #expect(reply.json["items"]?.asArray?.count == 2)
            let left = try await server.send("GET", Samples.path).json["items"]
            #expect(left?.asArray?.compactMap { $0["metadata"]?["name"]?.asString } == ["b"])
        }
    }

    @Test func `a body over the limit is 413`() async throws {
        try await TestServer.with(configure: { $0.bodyLimit = 100 }) { server in
            let reply = try await server.send("POST", Samples.path, String(repeating: " ", count: 101))
            #expect(reply.status == 413)
        }
    }
}
