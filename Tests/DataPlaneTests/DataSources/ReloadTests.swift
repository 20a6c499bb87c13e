import DataPlaneAPI
import PluginProtocol
import Synchronization
import Testing

@testable import DataPlane

#if canImport(Glibc)
import Glibc
#endif

@Suite struct ReloadTests {
    private static let two = """
        apiVersion: 1
        datasources:
          - {name: a, uid: a, type: t, secureJsonData: {key: one}}
          - {name: b, uid: b, type: t}
        """

    private func load(_ folder: TemporaryFolder, _ previous: DataSourceFiles? = nil) -> DataSourceFiles {
        DataSourceFiles.load([folder.path], environment: [:], previous: previous)
    }

    @Test func `Unchanged data sources stay the same objects`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", Self.two)
        let first = load(folder)
        // One changes, and the other moves to another line.
        try folder.write("a.yaml", "# moved\n" + Self.two.replacing("one", with: "two"))
        let second = load(folder, first)
        #expect(first.sources[0] !== second.sources[0])
        #expect(first.sources[1] === second.sources[1])
        #expect(first.sources[0].settings.id == second.sources[0].settings.id)
    }

    @Test func `A pipe among the files is a fault and is not waited for`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", Self.two)
        #expect(mkfifo("\(folder.path)/b.yaml", 0o600) == 0)
        let files = load(folder)
        #expect(files.sources.count == 2)
        #expect(files.faults.contains { $0.message.hasSuffix("b.yaml: is not an ordinary file; put one there") })
    }

    @Test func `The time of change goes with the content, secrets included, and survives a restart`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", Self.two)
        let before = load(folder).sources.map(\.settings.updatedMS)
        #expect(load(folder).sources.map(\.settings.updatedMS) == before)
        try folder.write("a.yaml", Self.two.replacing("one", with: "two"))
        let after = load(folder).sources.map(\.settings.updatedMS)
        #expect(before[0] != after[0])
        #expect(before[1] == after[1])
        #expect(after.allSatisfy { $0 >= 1_000_000_000_000 && $0 < 1_549_755_813_888 })
    }

    @Test func `The time of change grows with every change, and with nothing else`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", Self.two)
        let start: Int64 = 4_000_000_000_000
        func load(_ previous: DataSourceFiles?) -> DataSourceFiles {
            DataSourceFiles.load([folder.path], environment: [:], previous: previous, start: start)
        }
        var files = load(nil)
        #expect(files.sources.map(\.settings.updatedMS) == [start, start])
        var last = start
        // There and back again, and away and back again.
        for change in ["two", "one", "three", "-", "three"] {
            let text = change == "-" ? "apiVersion: 1\ndatasources: []" : Self.two.replacing("one", with: change)
            try folder.write("a.yaml", text)
            files = load(files)
            guard change != "-" else { continue }
            #expect(files.sources[0].settings.updatedMS > last)
            last = files.sources[0].settings.updatedMS
            files = load(files)
            #expect(files.sources[0].settings.updatedMS == last)
        }
    }

    @Test func `The settings of apps grow older the same way, and so do those that go`() throws {
        let folder = try TemporaryFolder()
        func load(_ entry: String, _ previous: AppPluginFiles?) throws -> (AppPluginFiles, Int64) {
            try folder.write("a.yaml", "apiVersion: 1\napps: [\(entry)]")
            let files = AppPluginFiles.load([folder.path], environment: [:], previous: previous, start: 1000)
            let table = DataSourceTable(apps: files.apps, removedApps: files.removed)
            return (files, table.appSettings(orgID: 1, pluginID: "a").updatedMS)
        }
        var (files, last) = try load("{type: a, jsonData: {x: 1}}", nil)
        #expect(last == 1000)
        for entry in ["{type: a, jsonData: {x: 2}}", "", "{type: a, jsonData: {x: 2}}", ""] {
            let (next, time) = try load(entry, files)
            #expect(time > last, "\(entry)")
            (files, last) = (next, time)
        }
        #expect(try load("", files).1 == last)
        #expect(DataSourceTable().appSettings(orgID: 1, pluginID: "a").jsonData == Array("{}".utf8))
    }

    @Test func `A file that doesn't parse keeps what it held`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", Self.two)
        try folder.write("b.yaml", "apiVersion: 1\ndatasources: [{name: c, uid: c, type: t}]")
        let first = load(folder)
        try folder.write("a.yaml", "datasources: [")
        try folder.write("b.yaml", "apiVersion: 1\ndatasources: [{name: d, uid: d, type: t}]")
        let second = load(folder, first)
        #expect(second.sources.map(\.uid) == ["a", "b", "d"])
        #expect(second.sources[0] === first.sources[0])
        #expect(second.faults.count == 1)
        folder.delete("a.yaml")
        #expect(load(folder, second).sources.map(\.uid) == ["d"])
    }

    @Test func `A folder that is gone keeps what it held`() throws {
        let folder = try TemporaryFolder()
        try folder.write("in/a.yaml", Self.two)
        let first = DataSourceFiles.load(["\(folder.path)/in"], environment: [:])
        folder.delete("in")
        let second = DataSourceFiles.load(["\(folder.path)/in"], environment: [:], previous: first)
        #expect(second.sources.map(\.uid) == ["a", "b"])
        #expect(second.faults.count == 1)
    }

    @Test func `Numbers are stable, unique, not zero and fit 53 bits`() {
        var taken: Set<Int64> = []
        for org in 1...3 {
            for name in 0..<2_000 {
                let id = ContentHash.id(orgID: org, uid: "uid\(name)", taken: [])
                #expect(id > 0 && id < 1 << 53)
                taken.insert(id)
            }
        }
        #expect(taken.count == 6_000)
        let free = ContentHash.id(orgID: 1, uid: "x", taken: [])
        let next = ContentHash.id(orgID: 1, uid: "x", taken: [free])
        #expect(free != next && next != 0)
        #expect(next == ContentHash.id(orgID: 1, uid: "x", taken: [free]))
    }

    @Test func `Contexts of two loads are equal byte for byte`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "a.yaml",
            "apiVersion: 1\ndatasources: [{name: a, type: t, secureJsonData: {a: 1, b: 2, c: 3, d: 4}, jsonData: {z: 1, a: 2}}]"
        )
        let ini = try folder.write("grafana.ini", "[feature_toggles]\nenable = b a\n[dataproxy]\nrow_limit = 5\n")
        let contexts = (0..<5).map { _ in
            let read = Provisioning.load(
                ProvisioningLayout(dataSources: "\(folder.path)/a.yaml", grafanaConfig: ini), environment: [:])
            var context = PluginContext()
            context.dataSourceSettings = read.table.all.first?.settings
            context.grafanaConfig = read.table.grafanaConfig
            return context.encoded().shared
        }
        #expect(Set(contexts).count == 1)
        #expect((contexts.first?.count ?? 0) > 300)
    }
}

@Suite struct DataSourceControllerTests {
    /// What a controller handed out.
    private final class Log: Sendable {
        private let state = Mutex<(tables: [DataSourceTable], faults: [[String]])>(([], []))
        var tables: [DataSourceTable] { state.withLock { $0.tables } }
        var faults: [[String]] { state.withLock { $0.faults } }
        func add(_ table: DataSourceTable) { state.withLock { $0.tables.append(table) } }
        func add(_ faults: [GatewayError]) { state.withLock { $0.faults.append(faults.map(\.message)) } }
    }

    private func controller(_ layout: ProvisioningLayout, _ log: Log) -> DataSourceController {
        DataSourceController(layout, environment: [:]) {
            log.add($0)
        } report: {
            log.add($0)
        }
    }

    private static func source(_ name: String, _ more: String = "") -> String {
        "apiVersion: 1\ndatasources: [{name: \(name), uid: \(name), type: t\(more)}]"
    }

    @Test func `It publishes at the first look and then only changes`() async throws {
        let folder = try TemporaryFolder()
        let log = Log()
        try folder.write("datasources/a.yaml", Self.source("a"))
        let controller = controller(ProvisioningLayout(folder: folder.path), log)
        await controller.look()
        await controller.look()
        #expect(log.tables.count == 1)
        try folder.write("datasources/b.yaml", Self.source("b"))
        await controller.look()
        #expect(log.tables.count == 2)
        #expect(log.tables[0].find(orgID: 1, uid: "a") === log.tables[1].find(orgID: 1, uid: "a"))
        #expect(log.tables[1].find(orgID: 1, uid: "b") != nil)
        // The same content in a new file is no change.
        try folder.write("datasources/b.yaml", Self.source("b"))
        await controller.look()
        #expect(log.tables.count == 2)
        #expect(log.faults.isEmpty)
    }

    @Test func `It sees a changed secret file and a swapped link`() async throws {
        let folder = try TemporaryFolder()
        let log = Log()
        let secret = try folder.write("secret", "one")
        try folder.write("v1/a.yaml", Self.source("a", ", secureJsonData: {k: \"$__file{\(secret)}\"}"))
        try folder.write("v2/a.yaml", Self.source("b"))
        folder.link("current", to: "v1")
        let controller = controller(ProvisioningLayout(dataSources: "\(folder.path)/current"), log)
        await controller.look()
        try folder.write("secret", "two")
        await controller.look()
        #expect(log.tables.map { $0.find(orgID: 1, uid: "a")?.settings.secureJSONData["k"] } == ["one", "two"])
        folder.link("current", to: "v2")
        await controller.look()
        #expect(log.tables.count == 3)
        #expect(log.tables.last?.all.map(\.uid) == ["b"])
    }

    @Test func `It reports faults when they change and again when they are gone`() async throws {
        let folder = try TemporaryFolder()
        let log = Log()
        let path = try folder.write("a.yaml", Self.source("a"))
        let controller = controller(ProvisioningLayout(dataSources: path), log)
        await controller.look()
        try folder.write("a.yaml", "datasources: [\n")
        await controller.look()
        await controller.look()
        try folder.write("a.yaml", Self.source("a"))
        await controller.look()
        #expect(log.faults.map(\.count) == [1, 0])
        #expect(log.tables.count == 1)
    }

    @Test func `A changed grafana ini reaches the table, apps too`() async throws {
        let folder = try TemporaryFolder()
        let log = Log()
        let ini = try folder.write("grafana.ini", "[dataproxy]\nrow_limit = 1\n")
        try folder.write("provisioning/datasources/a.yaml", Self.source("a"))
        let layout = ProvisioningLayout(folder: "\(folder.path)/provisioning", grafanaConfig: ini)
        let controller = controller(layout, log)
        await controller.look()
        try folder.write("grafana.ini", "[dataproxy]\nrow_limit = 22\n")
        await controller.look()
        try folder.write("provisioning/plugins/a.yaml", "apiVersion: 1\napps: [{type: my-app, org_id: 2}]")
        await controller.look()
        #expect(log.tables.map { $0.grafanaConfig["GF_SQL_ROW_LIMIT"] } == ["1", "22", "22"])
        #expect(log.tables.last?.app(orgID: 2, pluginID: "my-app")?.isEnabled == true)
    }

    @Test func `Missing folders of the layout are no fault, a missing layout is`() {
        #expect(Provisioning.load(ProvisioningLayout(folder: "/tmp"), environment: [:]).faults.isEmpty)
        let missing = ProvisioningLayout(folder: "/no/such", dataSources: "/none.yaml", grafanaConfig: "/none.ini")
        let faults = Provisioning.load(missing, environment: [:]).faults.map(\.message)
        #expect(faults.count == 3)
    }
}
