import Foundation
import Testing

/// A backup is taken of a running gateway, and another one starts with it.
@Suite(.timeLimit(.minutes(5)))
struct BackupTests {
    private static func service(_ name: String) -> Gateway.Service { .init(group: "\(name).example.com") }

    @Test func `a backup under load has everything that was acknowledged before it, and comes back`() throws {
        let gateway = try Gateway()
        let file = "\(gateway.folder.path)/copy.db"
        let admin = "127.0.0.1:\(gateway.adminPort)"
        let before = (0..<20).map { "before\($0)" }
        for name in before { #expect(try gateway.create(Self.service(name)).status == 201) }
        let version = try gateway.request("GET", Gateway.services).json.at("metadata.resourceVersion") as? String ?? ""

        // Writers go on until the copy is there; all have begun when it is asked for.
        let isDone = LockedFlag()
        let (begun, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        for writer in 0..<2 {
            Thread.detachNewThread {
                for count in 0..<2_000 where !isDone.isSet {
                    let made = try? gateway.create(Self.service("w\(writer)-\(count)"))
                    #expect(made?.status == 201)
                    if count == 0 { begun.signal() }
                }
                ended.signal()
            }
        }
        for _ in 0..<2 { #expect(begun.wait(timeout: .now() + 20) == .success) }
        let backup = try GatewayCommand.run(["backup", file, "--admin-address", admin])
        isDone.set()
        #expect(backup.status == 0 && backup.out.contains(file), "\(backup.error)")
        for _ in 0..<2 { #expect(ended.wait(timeout: .now() + 20) == .success) }
        let facts = try FileManager.default.attributesOfItem(atPath: file)
        #expect((facts[.posixPermissions] as? Int) == 0o600)
        let again = try GatewayCommand.run(["backup", file, "--admin-address", admin])
        #expect(again.status != 0 && again.error.contains("exists already"), "\(again.error)")

        // Nothing is put in the place of a store that is in use.
        let inUse = try GatewayCommand.run(["restore", file, "--data-dir", "\(gateway.folder.path)/data"])
        #expect(inUse.status != 0 && inUse.error.contains("in use"), "\(inUse.error)")
        gateway.process.end()
        let restored = try GatewayCommand.run(["restore", file, "--data-dir", "\(gateway.folder.path)/data"])
        #expect(restored.status == 0 && restored.out.contains("before-restore"), "\(restored.error)")

        let second = try SecondStart(of: gateway)
        let list = try second.request("GET", Gateway.services).json
        let names = (list["items"] as? [[String: Any]] ?? []).compactMap { $0.at("metadata.name") as? String }
        #expect(before.allSatisfy { names.contains("v1.\($0).example.com") }, "\(names)")
        #expect(Int(list.at("metadata.resourceVersion") as? String ?? "") ?? 0 > 1_000_000_000)
        // What a client knows of the time before is told to be too old, so that it lists again.
        let watch = try second.request(
            "GET", "\(Gateway.services)?watch=true&timeoutSeconds=1&resourceVersion=\(version)")
        #expect(watch.text.contains("\"code\":410"), "\(watch.text)")
        #expect(try second.request("POST", Gateway.services, body: Self.service("after").json).status == 201)
    }

    @Test func `what is no backup changes nothing`() throws {
        let folder = try TemporaryFolder()
        try folder.write("data/gateway.db", "mine")
        for (name, text) in [("empty", ""), ("text", String(repeating: "no database ", count: 500))] {
            let file = try folder.write(name, text)
            let restored = try GatewayCommand.run(["restore", file, "--data-dir", "\(folder.path)/data"])
            #expect(restored.status != 0 && restored.error.contains(file), "\(restored.error)")
            #expect(!restored.error.contains("Error: Error"))
        }
        let missing = try GatewayCommand.run(["restore", "\(folder.path)/none", "--data-dir", "\(folder.path)/data"])
        #expect(missing.status != 0 && missing.error.contains("is not a file"), "\(missing.error)")
        #expect(try String(contentsOfFile: "\(folder.path)/data/gateway.db", encoding: .utf8) == "mine")
    }

    @Test func `what some other server answers is no backup`() throws {
        let folder = try TemporaryFolder()
        let other = try Upstream()
        let output = try GatewayCommand.run(
            ["backup", "\(folder.path)/x.db", "--admin-address", "127.0.0.1:\(other.port)"])
        #expect(output.status != 0 && output.error.contains("gave no store"), "\(output.error)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test func `a file that can't be written, and a gateway that isn't there, are said`() throws {
        let folder = try TemporaryFolder()
        let port = try FreePort.take()
        let output = try GatewayCommand.run(["backup", "\(folder.path)/x.db", "--admin-address", "127.0.0.1:\(port)"])
        #expect(
            output.status != 0 && output.error.contains("no gateway answers at 127.0.0.1:\(port)"), "\(output.error)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/x.db"))
        let nowhere = try GatewayCommand.run(["backup", "\(folder.path)/none/x.db"])
        #expect(nowhere.status != 0 && nowhere.error.contains("can't be created"), "\(nowhere.error)")
    }
}

/// A flag that threads share.
final class LockedFlag: @unchecked Sendable {
    private let lock = NSLock()
    private var value = false

    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
}
