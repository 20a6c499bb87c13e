import Bytes
import DataPlaneAPI
import HTTPKit
import HTTPTesting
import NIOCore
import Storage
import Testing

@testable import APIServer

/// What a change is for those who see only what their selectors choose.
struct WatchFormTests {
    private static func events(_ labels: [String?]) async throws -> [Event] {
        let folder = try TemporaryFolder()
        let store = try await WatchCache(SQLiteStorage.open(folder.file("store.db")))
        let key = Samples.key("a")
        for label in labels {
            let old = store.find(key)
            guard let label else {
                _ = try await store.delete(key)
                continue
            }
            let object = Samples.service("a", labels: ["l": .string(label)])
            if let old {
                _ = try await store.update(key, object, expecting: old.version, note: nil)
            } else {
                _ = try await store.create(key, object)
            }
        }
        let events = store.events(key.resource, from: 0, atMost: 100)?.events ?? []
        try await store.close()
        return events
    }

    private static func form(_ query: String, accept: String = "application/json") throws -> (WatchForm, ListOptions) {
        let transport = TestTransport()
        let head = "GET \(Samples.path)?watch=1&\(query) HTTP/1.1\r\nHost: a\r\nAccept: \(accept)\r\n"
        let exchange = try transport.exchange(head)
        _ = exchange.request.withPath { $0.count }
        let request = APIRequest(exchange)
        let definition = try #require(Samples.registry().kinds.definitions.first)
        return (
            WatchForm(try Renderer(definition, request, .watch)), try ListOptions(request, definition)
        )
    }

    private static func lines(_ events: [Event], _ query: String) throws -> [String] {
        let (form, options) = try form(query)
        return events.map { event in
            guard let line = form.line(event, options, withColumns: false, isNew: true),
                let json = try? JSONValue.parse(String(buffer: line))
            else { return "nothing" }
            let object = json["object"]
            return "\(json["type"]?.asString ?? "") \(object?["metadata"]?["labels"]?["l"]?.asString ?? "") "
                + (object?["metadata"]?["resourceVersion"]?.asString ?? "")
        }
    }

    @Test func `an object comes, changes and goes as its labels let it`() async throws {
        let events = try await Self.events(["x", "y", "y", "x", "y", nil, "x", nil])
        #expect(
            try Self.lines(events, "") == [
                "ADDED x 2", "MODIFIED y 3", "MODIFIED y 4", "MODIFIED x 5", "MODIFIED y 6", "DELETED y 7", "ADDED x 8",
                "DELETED x 9",
            ])
        // What goes is shown as it was when it was last seen, with the version of what made it go.
        #expect(
            try Self.lines(events, "labelSelector=l%3Dy") == [
                "nothing", "ADDED y 3", "MODIFIED y 4", "DELETED y 5", "ADDED y 6", "DELETED y 7", "nothing", "nothing",
            ])
        #expect(
            try Self.lines(events, "labelSelector=l%3Dy&fieldSelector=metadata.name%3Db")
                == Array(repeating: "nothing", count: 8))
    }

    @Test func `a line is made once for each form, and a row anew for who comes by later`() async throws {
        let event = try #require(try await Self.events(["x"]).first)
        func address(_ accept: String, isNew: Bool) throws -> UnsafeRawPointer? {
            let (form, options) = try Self.form("", accept: accept)
            let line = form.line(event, options, withColumns: false, isNew: isNew)
            return line?.withUnsafeReadableBytes { $0.baseAddress }
        }
        let (json, table) = ("application/json", "application/json;as=Table;v=v1;g=meta.k8s.io")
        let first = try address(json, isNew: true)
        #expect(try address(json, isNew: true) == first && address(json, isNew: false) == first)
        let row = try address(table, isNew: true)
        #expect(try row != first && address(table, isNew: true) == row)
        #expect(try address(table, isNew: false) != row)
    }
}
