import DataPlane
import DataPlaneAPI
import Foundation
import Logging
import Storage
import Testing

@testable import APIServer
@testable import Bytes

struct ManifestFolderTests {
    private static func yaml(_ name: String, plugin: String = "acme") -> String {
        """
        apiVersion: aggregation.grafana.app/v0alpha1
        kind: DataPlaneService
        metadata:
          name: \(name)
        spec:
          pluginID: \(plugin)
          group: \(name).example.org
          version: v1
          services:
            - type: query

        """
    }

    private struct Setup {
        let files: TemporaryFolder
        let data: TemporaryFolder
        let store: WatchCache
        let folder: ManifestFolder

        init() async throws {
            files = try TemporaryFolder()
            data = try TemporaryFolder()
            store = try await WatchCache(SQLiteStorage.open(data.file("store.db")))
            folder = ManifestFolder(
                paths: [files.path], store: store, registry: Samples.registry(), logger: Logger(label: "test"))
        }

        func names() -> [String] {
            var walk = store.state(.dataPlaneServices).walk()
            var names: [String] = []
            while let object = walk.next() { names.append(object.key.name) }
            return names
        }
    }

    @Test func `objects are made, changed and withdrawn as the files are`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a") + "---\n" + Self.yaml("b"))
        try setup.files.write("c.json", #"{"kind":"List","apiVersion":"v1","items":[\#(Samples.service("c").text())]}"#)
        try setup.files.write("notes.txt", "not: [yaml")
        #expect(await setup.folder.apply() == [])
        #expect(setup.names() == ["a", "b", "c"])
        #expect(setup.store.find(Samples.key("b"))?.manifest == setup.files.file("a.yaml"))

        let version = setup.store.version
        #expect(await setup.folder.apply() == [])
        #expect(setup.store.version == version)

        try setup.files.write("a.yaml", Self.yaml("a", plugin: "other"))
        #expect(await setup.folder.apply() == [])
        #expect(setup.names() == ["a", "c"])
        let changed = setup.store.find(Samples.key("a"))
        #expect(changed?.body["spec"]?["pluginID"] == "other")
        #expect(changed?.body["metadata"]?["generation"] == 2)
    }

    /// What a gateway does that is started with the store as it is.
    private static func restarted(_ setup: Setup) -> ManifestFolder {
        ManifestFolder(
            paths: [setup.files.path], store: setup.store, registry: Samples.registry(), logger: Logger(label: "test"))
    }

    @Test func `what hasn't changed is neither read nor written at the next start`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", "# several\n---\n" + Self.yaml("a") + "---\n" + Self.yaml("b"))
        try setup.files.write("c.json", #"{"kind":"List","apiVersion":"v1","items":[\#(Samples.service("c").text())]}"#)
        #expect(await setup.folder.apply() == [])
        #expect(await setup.folder.readCount == 3)
        let version = setup.store.version

        let second = Self.restarted(setup)
        #expect(await second.apply() == [])
        #expect(await second.readCount == 0)
        #expect(setup.store.version == version)

        // Of a file with several documents the changed one alone is read and written.
        try setup.files.write("a.yaml", "# several\n---\n" + Self.yaml("a") + "---\n" + Self.yaml("b", plugin: "other"))
        let third = Self.restarted(setup)
        #expect(await third.apply() == [])
        #expect(await third.readCount == 1)
        #expect(setup.store.version == version + 1)
        #expect(setup.store.find(Samples.key("b"))?.body["spec"]?["pluginID"] == "other")

        // What a gateway made of a document holds only as long as all of it is there.
        let gone = try #require(setup.store.find(Samples.key("c")))
        _ = try await setup.store.delete(gone.key)
        let fourth = Self.restarted(setup)
        #expect(await fourth.apply() == [])
        #expect(await fourth.readCount == 1)
        #expect(setup.names() == ["a", "b", "c"])
    }

    @Test func `a document that says the same in other words is read and not written`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a"))
        #expect(await setup.folder.apply() == [])
        let version = setup.store.version
        try setup.files.write("a.yaml", "# a word\n" + Self.yaml("a"))
        let second = Self.restarted(setup)
        #expect(await second.apply() == [])
        #expect(await second.readCount == 1)
        #expect(setup.store.version == version)
    }

    @Test func `an object of an earlier gateway gets its hash once`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a"))
        #expect(await setup.folder.apply() == [])
        let made = try #require(setup.store.find(Samples.key("a")))
        _ = try await setup.store.update(made.key, made.body, expecting: made.version, note: made.manifest)
        for reads in [1, 0] {
            let next = Self.restarted(setup)
            #expect(await next.apply() == [])
            #expect(await next.readCount == reads)
        }
        #expect(setup.store.version == made.version + 2)
    }

    @Test func `an object that two files hold is the first's, whoever was applied already`() async throws {
        let setup = try await Setup()
        try setup.files.write("b.yaml", Self.yaml("x"))
        #expect(await setup.folder.apply() == [])
        try setup.files.write("a.yaml", Self.yaml("x", plugin: "other"))
        for folder in [setup.folder, Self.restarted(setup)] {
            let faults = await folder.apply()
            #expect(faults.map(\.file) == [setup.files.file("b.yaml")])
            #expect(faults.first?.message.contains("the same object is also in \(setup.files.file("a.yaml"))") == true)
        }
        #expect(setup.store.find(Samples.key("x"))?.manifest == setup.files.file("a.yaml"))
        // The other one is in order again as soon as the first lets go of it.
        try setup.files.remove("a.yaml")
        #expect(await setup.folder.apply() == [])
        #expect(setup.store.find(Samples.key("x"))?.manifest == setup.files.file("b.yaml"))
    }

    @Test func `a fault within a list is told again at every start`() async throws {
        let setup = try await Setup()
        let list = #"{"kind":"List","items":[\#(Samples.service("a").text()),{"kind":"Nothing"}]}"#
        try setup.files.write("a.json", list)
        for folder in [setup.folder, Self.restarted(setup)] {
            #expect(await folder.apply().count == 1)
            #expect(setup.names() == ["a"])
        }
    }

    @Test func `many objects are made, and withdrawn again`() async throws {
        let setup = try await Setup()
        let all = (0..<100).map { Self.yaml("o\($0)") }.joined(separator: "---\n")
        try setup.files.write("all.yaml", all)
        #expect(await setup.folder.apply() == [])
        #expect(setup.names().count == 100)
        try setup.files.write("all.yaml", Self.yaml("o7"))
        #expect(await setup.folder.apply() == [])
        #expect(setup.names() == ["o7"])
    }

    @Test func `a fault removes nothing, and the other files are applied`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a"))
        try setup.files.write("b.yaml", Self.yaml("b"))
        #expect(await setup.folder.apply() == [])
        try setup.files.remove("a.yaml")
        try setup.files.write("b.yaml", "kind: [")
        try setup.files.write("c.yaml", Self.yaml("c"))
        let faults = await setup.folder.apply()
        #expect(faults.map(\.file) == [setup.files.file("b.yaml")])
        #expect(setup.names() == ["a", "b", "c"])
        try setup.files.write("b.yaml", Self.yaml("b"))
        #expect(await setup.folder.apply() == [])
        #expect(setup.names() == ["b", "c"])
    }

    /// An editor, or a copy over a slow network, empties a file before it writes it.
    @Test func `what a file held stays for a few seconds when the file becomes empty`() async throws {
        let setup = try await Setup()
        let start = ContinuousClock.now
        try setup.files.write("a.yaml", Self.yaml("a") + "---\n" + Self.yaml("b"))
        try setup.files.write("c.yaml", Self.yaml("c"))
        #expect(await setup.folder.apply(now: start) == [])
        try setup.files.write("a.yaml", "")
        for folder in [setup.folder, Self.restarted(setup)] {
            #expect(await folder.apply(now: start + .seconds(1)) == [])
            #expect(await folder.apply(now: start + .seconds(5)) == [])
            #expect(setup.names() == ["a", "b", "c"])
        }
        // Written again, it begins anew.
        try setup.files.write("a.yaml", Self.yaml("a") + "---\n" + Self.yaml("b", plugin: "other"))
        #expect(await setup.folder.apply(now: start + .seconds(6)) == [])
        try setup.files.write("a.yaml", "# nothing\n")
        #expect(await setup.folder.apply(now: start + .seconds(7)) == [])
        #expect(setup.names() == ["a", "b", "c"])
        // One that another file holds now is that one's; the file that is gone gets no patience.
        try setup.files.write("b.yaml", Self.yaml("b"))
        #expect(await setup.folder.apply(now: start + .seconds(8)) == [])
        #expect(setup.store.find(Samples.key("b"))?.manifest == setup.files.file("b.yaml"))
        try FileManager.default.removeItem(atPath: setup.files.file("c.yaml"))
        #expect(await setup.folder.apply(now: start + .seconds(9)) == [])
        #expect(setup.names() == ["a", "b"])
        #expect(await setup.folder.apply(now: start + .seconds(12)) == [])
        #expect(setup.names() == ["b"])
    }

    @Test func `an object made by hand is left alone`() async throws {
        let setup = try await Setup()
        let made = try await setup.store.create(Samples.key("a"), Samples.service("a"))
        try setup.files.write("a.yaml", Self.yaml("a"))
        let faults = await setup.folder.apply()
        #expect(faults.first?.message.contains("made by hand") ?? false)
        #expect(setup.store.find(Samples.key("a"))?.version == made.version)
        _ = try await setup.store.delete(Samples.key("a"))
        #expect(await setup.folder.apply() == [])
        #expect(setup.store.find(Samples.key("a"))?.manifest == setup.files.file("a.yaml"))
    }

    @Test func `a status the server wrote survives the file`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a"))
        _ = await setup.folder.apply()
        let made = try #require(setup.store.find(Samples.key("a")))
        var body = made.body
        body["status"] = ["conditions": [["type": "Accepted", "status": "True"]]]
        _ = try await setup.store.update(made.key, body, expecting: made.version, note: made.note)
        try setup.files.write("a.yaml", Self.yaml("a", plugin: "other"))
        #expect(await setup.folder.apply() == [])
        let changed = setup.store.find(made.key)?.body
        #expect(changed?["spec"]?["pluginID"] == "other")
        #expect(changed?["status"]?["conditions"]?.asArray?.count == 1)
    }

    @Test func `a folder that can't be read removes nothing`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a"))
        _ = await setup.folder.apply()
        try FileManager.default.removeItem(atPath: setup.files.path)
        #expect(await setup.folder.apply().count == 1)
        #expect(setup.names() == ["a"])
    }

    @Test func `without manifests the objects become ordinary ones`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a"))
        _ = await setup.folder.apply()
        let none = ManifestFolder(
            paths: [], store: setup.store, registry: Samples.registry(), logger: Logger(label: "test"))
        #expect(await none.apply() == [])
        let object = setup.store.find(Samples.key("a"))
        #expect(object != nil && object?.manifest == nil)
    }

    @Test func `the running controller notices a change`() async throws {
        let setup = try await Setup()
        try setup.files.write("a.yaml", Self.yaml("a"))
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let running = Task { await setup.folder.run { signal.yield() } }
        for await _ in started { break }
        #expect(setup.names() == ["a"])
        let before = setup.store.version
        try setup.files.write("b.yaml", Self.yaml("b"))
        #expect(await setup.store.reach(before + 1, milliseconds: 60_000))
        #expect(setup.names() == ["a", "b"])
        running.cancel()
        await running.value
    }

    @Test func `the check names file, line and field of every fault`() throws {
        let files = try TemporaryFolder()
        let bad = Self.yaml("a").replacingOccurrences(of: "type: query", with: "type: guess")
        try files.write("1.yaml", Self.yaml("ok") + "---\n" + bad)
        try files.write("2.yaml", Self.yaml("b").replacingOccurrences(of: "pluginID", with: "pluginId"))
        try files.write("3.yaml", "a: 1\nb: [\n")
        try files.write("4.yaml", "apiVersion: v1\nkind: Pod\n")
        try files.write("5.yaml", Self.yaml("ok"))
        let faults = ManifestReader.read([files.path], Samples.registry().kinds).faults
        func fault(_ file: String, _ field: String) -> ManifestFault? {
            faults.first { $0.file == files.file(file) && $0.field == field }
        }
        #expect(fault("1.yaml", "spec.services[0].type")?.line == 21)
        #expect(fault("2.yaml", "spec.pluginId")?.line == 6)
        #expect(faults.contains { $0.file == files.file("3.yaml") && $0.line >= 2 })
        #expect(fault("4.yaml", "kind")?.message.contains("DataPlaneService") ?? false)
        #expect(fault("5.yaml", "metadata.name")?.message.contains("1.yaml") ?? false)
        #expect(ManifestReader.read([files.file("missing")], Samples.registry().kinds).faults.count == 1)
    }
}
