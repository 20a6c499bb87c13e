import Access
import DataPlane
import DataPlaneAPI
import Storage
import Testing

@testable import APIServer
@testable import Bytes

/// Kinds come and go while the server runs, and not all of them are stored.
struct KindRegistryTests {
    private static func lamp() -> ResourceDefinition {
        var lamp = ResourceDefinition(
            group: "shop.example.org", version: "v1",
            names: .init(kind: "Lamp", plural: "lamps", singular: "lamp"), isNamespaced: true,
            schemaName: "org.example.shop.v1.Lamp")
        lamp.structure = Structure(properties: [
            "spec": ["type": "object", "properties": ["watts": ["type": "integer", "default": 40]]]
        ])
        lamp.validate = { (context) throws(GatewayError) in
            let watts = context.object["spec"]?["watts"]?.asInt ?? 0
            // What a function is told: the state before, and whoever else is there.
            if watts > 100, context.old == nil { return [.invalid("spec.watts", "\(watts)", "must be at most 100")] }
            return []
        }
        return lamp
    }

    @Test func `a kind that is data alone is served like any other, and goes again`() async throws {
        try await TestServer.with { server in
            let path = "/apis/shop.example.org/v1/namespaces/home/lamps"
            #expect(try await server.send("GET", path).status == 404)
            server.registry.publish(Kinds([DataPlaneServiceKind.definition, Self.lamp()]))
            let body = #"{"metadata":{"name":"desk"},"spec":{"bogus":1}}"#
            let made = try await server.send("POST", path, body)
            #expect(made.status == 201, "\(made.body)")
            #expect(made.json["spec"] == ["watts": 40] && made.json["metadata"]?["namespace"] == "home")
            #expect(made.field("Warning")?.contains("spec.bogus") ?? false)
            let bright = #"{"metadata":{"name":"sun"},"spec":{"watts":1000}}"#
            #expect(try await server.send("POST", path, bright).status == 422)
            #expect(try await server.send("GET", "/apis/shop.example.org/v1/lamps").json["items"]?.asArray?.count == 1)
            #expect(try await server.send("GET", path.replacing("home", with: "x")).json["items"] == [])
            let resources = try await server.send("GET", "/apis/shop.example.org/v1").json["resources"]
            #expect(resources?[0]?["name"] == "lamps")
            let document = try await server.send("GET", "/openapi/v3/apis/shop.example.org/v1")
            let schema = document.json["components"]?["schemas"]?["org.example.shop.v1.Lamp"]
            #expect(schema?["properties"]?["spec"]?["properties"]?["watts"]?["default"] == 40)

            // A watch of it shows what is there, and ends when it goes.
            let events = try await server.watch("watch=true", of: path) { events in
                if !events.isEmpty { server.registry.publish(Kinds([DataPlaneServiceKind.definition])) }
                return false
            }
            #expect(events.first?["type"] == "ADDED" && events.first?["object"]?["kind"] == "Lamp", "\(events)")
            #expect(try await server.send("GET", path).status == 404)
        }
    }

    /// A hook that writes through the server while it is asked must not wait for itself.
    @Test func `a kind's admission changes, refuses and may write itself, and who an object is stays`() async throws {
        var lamp = Self.lamp()
        lamp.admit = { (context) async throws(GatewayError) in
            var object = context.object
            if object["spec"]?["watts"] == 13 { throw GatewayError(.forbidden, "no lamp has 13 watts") }
            object["metadata"]?["name"] = "other"
            object["metadata"]?["labels"] = ["was": context.old?["spec"]?["watts"].map { .string($0.text()) } ?? "new"]
            object["spec"]?["bogus"] = 1
            if let reader = context.reader, context.operation == .create, !context.isDryRun {
                let log = ObjectKey(ResourceID(group: "shop.example.org", resource: "logs"), name: "log")
                _ = try await reader.create(log, ["metadata": ["name": "log"]])
            }
            return object
        }
        try await TestServer.with { [lamp] server in
            server.registry.publish(Kinds([lamp]))
            let path = "/apis/shop.example.org/v1/namespaces/home/lamps"
            let dry = try await server.send("POST", path + "?dryRun=All", #"{"metadata":{"name":"desk"},"spec":{}}"#)
            #expect(dry.json["metadata"]?["labels"] == ["was": "new"] && server.store.version == 1, "\(dry.body)")
            let made = try await server.send("POST", path, #"{"metadata":{"name":"desk"},"spec":{}}"#)
            #expect(made.status == 201 && made.json["metadata"]?["name"] == "desk", "\(made.body)")
            #expect(made.json["spec"] == ["watts": 40] && server.store.version == 3)
            let merge = ["Content-Type": "application/merge-patch+json"]
            let changed = try await server.send(
                "PATCH", path + "/desk", #"{"spec":{"watts":60}}"#, headers: merge)
            #expect(changed.json["metadata"]?["labels"] == ["was": "40"] && changed.json["spec"] == ["watts": 60])
            let refused = try await server.send("PATCH", path + "/desk", #"{"spec":{"watts":13}}"#, headers: merge)
            #expect(refused.status == 403 && refused.json["message"] == "no lamp has 13 watts")
        }
    }

    /// Whoever lets an object pass may have to know whether its writer could do what it does.
    @Test(arguments: [Decision.allow, .noOpinion])
    func `a kind's admission may ask what somebody may do`(_ decision: Decision) async throws {
        var lamp = Self.lamp()
        lamp.admit = { (context) async throws(GatewayError) in
            let said = await context.authorizer?.decide(context.user ?? .anonymous, RequestInfo())
            guard said == .allow else { throw GatewayError(.forbidden, "not yours") }
            return context.object
        }
        try await TestServer.with(policy: decision) { [lamp] server in
            server.registry.publish(Kinds([lamp]))
            let path = "/apis/shop.example.org/v1/namespaces/home/lamps"
            let made = try await server.send("POST", path, #"{"metadata":{"name":"desk"},"spec":{}}"#)
            #expect(made.status == (decision == .allow ? 201 : 403), "\(made.body)")
        }
    }

    @Test func `computed kinds are read and answered ones are asked, and neither is stored`() async throws {
        var now = Self.lamp()
        now.nature = .computed { _ in
            ["a", "b"].map { name in ["metadata": ["name": .string(name), "namespace": "home"]] }
        }
        var review = ResourceDefinition(
            group: "ask.example.org", version: "v1",
            names: .init(kind: "Review", plural: "reviews", singular: "review"), isNamespaced: false,
            schemaName: "org.example.ask.v1.Review")
        review.structure = Structure(properties: [
            "spec": ["type": "object", "properties": ["what": ["type": "string"]]]
        ])
        review.nature = .answered { (context) throws(GatewayError) in
            var answer = context.object
            answer["status"] = ["said": context.object["spec"]?["what"] ?? .null]
            return answer
        }
        let kinds = Kinds([now, review])
        try await TestServer.with { server in
            server.registry.publish(kinds)
            let path = "/apis/shop.example.org/v1/namespaces/home/lamps"
            let list = try await server.send("GET", path + "?fieldSelector=metadata.name%3Db").json["items"]
            #expect(list == [["metadata": ["name": "b", "namespace": "home"]]])
            #expect(try await server.send("GET", path + "/a").status == 200)
            #expect(try await server.send("GET", path + "/c").status == 404)
            let refused = try await server.send("POST", path, "{}")
            #expect(refused.status == 405 && refused.field("Allow") == "GET")
            let reviews = "/apis/ask.example.org/v1/reviews"
            let answer = try await server.send("POST", reviews, #"{"spec":{"what":"x","bogus":1}}"#)
            #expect(answer.status == 201 && answer.json["status"] == ["said": "x"], "\(answer.body)")
            #expect(answer.json["kind"] == "Review" && answer.json["spec"] == ["what": "x"])
            #expect(try await server.send("GET", reviews).status == 405)
            #expect(server.store.version == 1)
        }
    }
}
