import DataPlaneAPI
import Foundation
import GRDB
import Testing

@testable import Storage

/// What a file must hold to take a store's place, and to be opened.
struct RestoreTests {
    /// A backup with two objects, one of which was changed, and what is done to it.
    private func backup(_ folder: TemporaryFolder, _ damage: String? = nil) async throws -> String {
        let storage = try await SQLiteStorage.open(folder.file("source.db"))
        let version = try await storage.make("a")
        _ = try await storage.commit(Samples.key("a"), .version(version), Samples.content("a", 1))
        _ = try await storage.make("b")
        let path = folder.file("backup.db")
        try await storage.copy(to: path)
        try await storage.close()
        if let damage {
            let queue = try DatabaseQueue(path: path)
            try await queue.writeWithoutTransaction { try $0.execute(sql: damage) }
            try queue.close()
        }
        return path
    }

    @Test(arguments: [
        "UPDATE objects SET body = x'FFFE00'", "UPDATE objects SET rv = 'abc'", "UPDATE objects SET body = 'rubbish'",
        "UPDATE objects SET body = '[]'", "UPDATE objects SET body = '{}'", "UPDATE history SET old_body = x'FFFE00'",
        "DELETE FROM revision", "UPDATE revision SET current = 1", "ALTER TABLE objects DROP COLUMN note",
        "CREATE TRIGGER evil AFTER UPDATE ON revision BEGIN DELETE FROM objects; END",
        "CREATE VIEW other AS SELECT 1",
    ])
    func `what no gateway could run with takes no place, and is no store`(damage: String) async throws {
        let folder = try TemporaryFolder()
        let file = try await backup(folder, damage)
        await #expect { try await SQLiteStorage.restore(file, to: folder.file("data.db")) } throws: {
            let message = ($0 as? GatewayError)?.message ?? ""
            return message.contains(file) || message.contains("the object a")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file("data.db")))
        // The same where such a file is in place already.
        await #expect {
            let storage = try await SQLiteStorage.open(file)
            _ = try await WatchCache(storage)
        } throws: {
            ($0 as? GatewayError)?.message.contains("dataplane-gateway restore FILE") ?? false
        }
    }

    @Test func `restores that follow each other quickly lose nothing`() async throws {
        let folder = try TemporaryFolder()
        let file = try await backup(folder)
        let path = folder.file("data.db")
        let storage = try await SQLiteStorage.open(path)
        for name in ["x", "y", "z"] { _ = try await storage.make(name) }
        try await storage.close()
        var kept: [String] = []
        for _ in 0..<4 { kept.append(try #require(try await SQLiteStorage.restore(file, to: path))) }
        #expect(Set(kept).count == 4)
        let first = try await SQLiteStorage.open(kept[0])
        for name in ["x", "y", "z"] { #expect(try await first.get(Samples.key(name)) != nil) }
        try await first.close()
        let restored = try await SQLiteStorage.open(path)
        #expect(try await restored.get(Samples.key("a"))?.content == Samples.content("a", 1))
        try await restored.close()
    }
}
