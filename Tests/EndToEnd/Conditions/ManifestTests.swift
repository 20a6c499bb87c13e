import Foundation
import Glibc
import Testing

/// DataPlaneServices that come from a folder of files.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ManifestTests {
    private static let first = Gateway.Service(plugin: "first")
    private static let second = Gateway.Service(plugin: "second")

    private static func file(_ service: Gateway.Service) -> String { "manifests/\(service.name).yaml" }

    @Test func `files make, change and remove objects`() throws {
        let gateway = try Gateway(services: [Self.first])
        let watch = try ServiceWatch(gateway)
        let made = try watch.wait(Self.first.name) { _ in true }
        #expect(made.object.at("spec.pluginID") as? String == "first")
        try gateway.folder.write(Self.file(Self.second), Self.second.yaml)
        try watch.wait(Self.second.name) { $0.event == "ADDED" }
        var changed = Self.first
        changed.pluginID = "changed"
        try gateway.folder.write(Self.file(Self.first), changed.yaml)
        let updated = try watch.wait(Self.first.name) { $0.object.at("spec.pluginID") as? String == "changed" }
        #expect(updated.object.at("metadata.uid") as? String == made.object.at("metadata.uid") as? String)
        #expect(updated.object.at("metadata.generation") as? Int == 2)
        try FileManager.default.removeItem(atPath: "\(gateway.folder.path)/\(Self.file(Self.first))")
        try watch.wait(Self.first.name) { $0.event == "DELETED" }
        #expect(try gateway.request("GET", "\(Gateway.services)/\(Self.first.name)").status == 404)
        #expect(try gateway.request("GET", "\(Gateway.services)/\(Self.second.name)").status == 200)
    }

    @Test(arguments: ["\tapiVersion: [", "apiVersion: v1\nkind: Nonsense\n", "--- {}\n---\nkind: [}\n"])
    func `a broken file removes nothing and is named`(text: String) throws {
        let gateway = try Gateway(services: [Self.first, Self.second])
        let watch = try ServiceWatch(gateway)
        // The file of one object is broken, that of the other one is gone: nothing may be taken for withdrawn. The second
        // fault tells that the folder was looked at after both had happened.
        for change in [text, "# moved down\n\n" + text] {
            let log = gateway.process.stderr.count
            try gateway.folder.write(Self.file(Self.first), change)
            let gone = "\(gateway.folder.path)/\(Self.file(Self.second))"
            if FileManager.default.fileExists(atPath: gone) { try FileManager.default.removeItem(atPath: gone) }
            let fault = gateway.process.stderr.wait(from: log) {
                $0.contains("manifest: ") && $0.contains("\(Self.first.name).yaml")
            }
            #expect(fault != nil, "\(gateway.log)")
        }
        for service in [Self.first, Self.second] {
            #expect(try gateway.request("GET", "\(Gateway.services)/\(service.name)").status == 200)
        }
        // Once it is in order again the other one goes, and nothing went before.
        #expect(watch.states(of: Self.second.name).allSatisfy { $0.event != "DELETED" })
        try gateway.folder.write(Self.file(Self.first), Self.first.yaml)
        try watch.wait(Self.second.name) { $0.event == "DELETED" }
        #expect(watch.states(of: Self.first.name).allSatisfy { $0.event != "DELETED" })
    }

    @Test func `a file that is being written removes nothing`() throws {
        let gateway = try Gateway(services: [Self.first])
        let watch = try ServiceWatch(gateway)
        let path = "\(gateway.folder.path)/\(Self.file(Self.first))"
        // A slow writer: the file is empty for most of three seconds.
        let deadline = Date(timeIntervalSinceNow: 3)
        while Date() < deadline {
            guard let file = fopen(path, "w") else { throw Trouble("the file can't be opened") }
            usleep(50_000)
            fputs(Self.first.yaml, file)
            fclose(file)
        }
        try gateway.folder.write(Self.file(Self.second), Self.second.yaml)
        try watch.wait(Self.second.name) { $0.event == "ADDED" }
        #expect(watch.states(of: Self.first.name).allSatisfy { $0.event != "DELETED" })
    }

    @Test func `an object of a file is changed by its file only`() throws {
        let gateway = try Gateway(services: [Self.first])
        for answer in [
            try gateway.patch(Self.first.name, #"{"spec":{"pluginID":"other"}}"#), try gateway.delete(Self.first.name),
            try gateway.request("DELETE", Gateway.services),
        ] {
            #expect(answer.status == 403 && answer.isStatus, "\(answer.text)")
            #expect(answer.message.contains("manifests/\(Self.first.name).yaml"), "\(answer.message)")
        }
        let kept = try gateway.request("GET", "\(Gateway.services)/\(Self.first.name)")
        #expect(kept.json.at("spec.pluginID") as? String == "first")
    }

    @Test func `an object made by hand is not taken over`() throws {
        let gateway = try Gateway()
        #expect(try gateway.create(Self.first).status == 201)
        var other = Self.first
        other.pluginID = "other"
        let log = gateway.process.stderr.count
        try gateway.folder.write(Self.file(Self.first), other.yaml)
        #expect(gateway.process.stderr.wait(from: log, containing: "made by hand") != nil, "\(gateway.log)")
        let kept = try gateway.request("GET", "\(Gateway.services)/\(Self.first.name)")
        #expect(kept.json.at("spec.pluginID") as? String == "first")
        // Once it is deleted the file has its way, without being touched.
        let watch = try ServiceWatch(gateway)
        #expect(try gateway.delete(Self.first.name).status == 200)
        try watch.wait(Self.first.name) { $0.object.at("spec.pluginID") as? String == "other" }
    }

    @Test func `a mounted ConfigMap is followed when its link is swapped`() throws {
        let gateway = try Gateway()
        let folder = "\(gateway.folder.path)/manifests"
        let files = FileManager.default
        /// What kubelet does: a folder per version, and one link to it that is replaced in one step.
        func publish(_ version: String, _ services: [Gateway.Service]) throws {
            for service in services {
                try gateway.folder.write("manifests/..\(version)/\(service.group).yaml", service.yaml)
            }
            try files.createSymbolicLink(atPath: "\(folder)/..data_tmp", withDestinationPath: "..\(version)")
            #expect(rename("\(folder)/..data_tmp", "\(folder)/..data") == 0)
        }
        try publish("2026_01", [Self.first, Self.second])
        let watch = try ServiceWatch(gateway)
        for service in [Self.first, Self.second] {
            try files.createSymbolicLink(
                atPath: "\(folder)/\(service.group).yaml", withDestinationPath: "..data/\(service.group).yaml")
        }
        try watch.wait(Self.first.name) { $0.event == "ADDED" }
        try watch.wait(Self.second.name) { $0.event == "ADDED" }
        var changed = Self.first
        changed.pluginID = "changed"
        try publish("2026_02", [changed, Self.second])
        try files.removeItem(atPath: "\(folder)/..2026_01")
        try watch.wait(Self.first.name) { $0.object.at("spec.pluginID") as? String == "changed" }
        #expect(watch.states(of: Self.second.name).allSatisfy { $0.event != "DELETED" })
        // A key that is taken out of the ConfigMap loses its link after the swap.
        try publish("2026_03", [changed])
        try files.removeItem(atPath: "\(folder)/\(Self.second.group).yaml")
        try watch.wait(Self.second.name) { $0.event == "DELETED" }
        #expect(watch.states(of: Self.first.name).allSatisfy { $0.event != "DELETED" })
    }
}
