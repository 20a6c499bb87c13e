import APIServer
import DataPlaneAPI
import Foundation
import Storage
import Testing

@testable import Bytes
@testable import DataPlane

struct ServiceStoreTests {
    @Test func `conditions are written once and keep their time`() async throws {
        let folder = NSTemporaryDirectory() + "services-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try await WatchCache(SQLiteStorage.open("\(folder)/store.db"))
        let key = ObjectKey(.dataPlaneServices, name: "a")
        let object = try await store.create(
            key,
            [
                "metadata": ["name": "a", "uid": "u"],
                "spec": ["pluginID": "p", "group": "a.example.org", "version": "v1", "services": [["type": "query"]]],
            ], note: "/etc/a.yaml")
        let ready = Condition(type: Condition.accepted, status: .isTrue, reason: "Ok", message: "fine")
        #expect(try await store.updateStatus(name: "a", uid: object.uid, conditions: [ready]))
        #expect(try await !store.updateStatus(name: "a", uid: object.uid, conditions: [ready]))
        #expect(try await !store.updateStatus(name: "a", uid: "other", conditions: [ready]))
        #expect(try await !store.updateStatus(name: "gone", conditions: [ready]))
        let written = try DataPlaneService(#require(store.find(key)).body)
        #expect(written.conditions[Condition.accepted]?.status == .isTrue)
        #expect(written.conditions[Condition.accepted]?.lastTransitionTime.isEmpty == false)
        #expect(store.version == object.version + 1)
        #expect(store.find(key)?.manifest == "/etc/a.yaml")
        try await store.close()
    }
}
