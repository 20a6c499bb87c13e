import Foundation
import Testing

/// Streams that run while their routes go.
@Suite(.timeLimit(.minutes(5)))
struct StreamRouteEndTests {
    private func create(_ gateway: Gateway, _ manifest: String, _ watch: ServiceWatch, _ name: String) throws {
        let made = try gateway.request(
            "POST", Gateway.services, [("Content-Type", "application/yaml")], body: manifest)
        #expect(made.status == 201, "\(made.text)")
        try watch.wait(name) { $0.isAvailable }
    }

    /// Reads on until the stream says why it ends.
    private func ending(_ stream: BodyLines) throws -> [String: Any] {
        while true {
            let line = try stream.json()
            guard line["type"] as? String == "error" else { continue }
            #expect(try stream.next() == nil)
            return line
        }
    }

    private func ending(_ socket: WebSocketClient) throws -> String {
        while true {
            let (opcode, payload) = try socket.read()
            if opcode == 0x8 { return String(decoding: payload.dropFirst(2), as: UTF8.self) }
        }
    }

    @Test(arguments: ["deleted", "without the service", "given to another backend", "lost to an older object"])
    func `a stream ends when its route is`(how: String) throws {
        let gateway = try ShowcaseGateway.start { try TestPlugins.install("testds", in: $0) }
        try gateway.waitForPlugin("testds")
        let watch = try ServiceWatch(gateway)
        let older = ShowcaseGateway.manifest(group: "ending.example", pluginID: "testds", services: ["query"])
        try create(gateway, older, watch, "v1.ending.example")
        let manifest = ShowcaseGateway.manifest(
            group: "ending.example", pluginID: "showcase", services: ["health", "stream"]
        ).replacing("name: v1.ending.example", with: "name: younger")
        // Times of objects are whole seconds, and names decide between equal ones.
        try create(gateway, manifest, watch, "younger")
        let path = "/apis/ending.example/v1/namespaces/default/datasources/demo/stream/ticks"
        let streams = try (0..<3).map { _ in try BodyLines(gateway, path) }
        for stream in streams { #expect(try stream.json()["type"] as? String == "subscribed") }
        let socket = try WebSocketClient(gateway, path)
        _ = try socket.message("subscribed")
        let other = try BodyLines(gateway, "\(ShowcaseGateway.source)/stream/ticks")
        switch how {
        case "deleted": #expect(try gateway.delete("younger").status == 200)
        case "without the service":
            let patch = try gateway.patch("younger", #"{"spec": {"services": [{"type": "health"}]}}"#)
            #expect(patch.status == 200, "\(patch.text)")
        case "given to another backend":
            // The object goes on naming the plugin, which answers nothing of it any more.
            let patch = try gateway.patch("younger", #"{"spec": {"backend": {"type": "upstream"}}}"#)
            #expect(patch.status == 200, "\(patch.text)")
        default:
            let patch = try gateway.patch(
                "v1.ending.example", #"{"spec": {"services": [{"type": "query"}, {"type": "stream"}]}}"#)
            #expect(patch.status == 200, "\(patch.text)")
        }
        for stream in streams {
            let ending = try ending(stream)
            #expect(ending["code"] as? Int == 404, "\(ending)")
            #expect("\(ending)".contains("the route of this stream is gone"), "\(ending)")
        }
        #expect(try ending(socket).contains("the route of this stream is gone"))
        // The same stream of another object goes on.
        for _ in 0..<3 { #expect(try other.json()["type"] as? String != "error") }
    }
}
