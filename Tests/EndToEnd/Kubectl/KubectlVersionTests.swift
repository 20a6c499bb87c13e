import Foundation
import Testing

/// What people do with kubectl, with every version of it that the machine has.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct KubectlVersionTests {
    private static let service = Gateway.Service(plugin: "alpha")
    private static let held = Gateway.Service(plugin: "held")
    private static let resource = "dataplaneservice.aggregation.grafana.app"

    /// A gateway with a plugin, an object of a file, and that kubectl; nil when it isn't installed.
    private static func start(_ minor: Int) throws -> (Gateway, Kubectl)? {
        guard let program = Kubectl.found[minor] else { return nil }
        let gateway = try Gateway(
            plugins: { try TestPlugins.install("alpha", in: $0) }, services: [held],
            sources: [.init(uid: "alpha", type: "alpha")])
        try gateway.waitForPlugin("alpha")
        try gateway.folder.write("alpha.yaml", service.yaml)
        return (gateway, try Kubectl(program, gateway))
    }

    @Test(arguments: Kubectl.minors)
    func `apply, watch, look and delete`(minor: Int) throws {
        guard let (gateway, kubectl) = try Self.start(minor) else { return }
        let (file, name) = ("\(gateway.folder.path)/alpha.yaml", Self.service.name)
        let follower = try kubectl.start(["get", "dataplaneservices", "-w"])
        #expect(follower.stdout.wait(containing: Self.held.name) != nil, "\(follower.stderr.tail())")

        let created = try kubectl("apply", "-f", file)
        #expect(created.text.contains("\(Self.resource)/\(name) created") && created.isFine, "\(created.text)")
        #expect(follower.stdout.wait { $0.contains(name) && $0.contains("True") } != nil, "\(follower.stdout.tail())")
        #expect(try kubectl("wait", "--for=condition=Available", "dataplaneservice", name, "--timeout=10s").isFine)
        #expect(try gateway.query(Self.service).status == 200)
        #expect(try kubectl("apply", "-f", file).text.contains("\(name) unchanged"))
        follower.end()

        let list = try kubectl("get", "dataplaneservices").text
        #expect(list.contains("NAME") && list.contains("AVAILABLE") && list.contains("AGE"), "\(list)")
        #expect(list.contains(name) && list.contains(Self.held.name), "\(list)")
        #expect(try kubectl("get", "dataplane", "-o", "name").text.contains("\(Self.resource)/\(name)"))
        let described = try kubectl("describe", "dataplaneservice", name).text
        for text in ["Plugin ID:", "alpha", "Conditions:", "RoutesRegistered", "PluginReady"] {
            #expect(described.contains(text), "\(described)")
        }
        let groups = try kubectl("api-versions").text
        for text in ["aggregation.grafana.app/v0alpha1", "alpha.example.com/v1", "held.example.com/v1"] {
            #expect(groups.contains(text), "\(groups)")
        }
        #expect(try kubectl("api-resources").text.contains("dataplaneservices"))
        #expect(try kubectl("version").text.contains("Server Version"))

        let deleted = try kubectl("delete", "-f", file)
        #expect(deleted.text.contains("deleted") && deleted.isFine, "\(deleted.text)")
        #expect(try kubectl("get", "dataplaneservice", name).text.contains("NotFound"))
        #expect(try !kubectl("api-versions").text.contains("alpha.example.com/v1"))
    }

    @Test(arguments: Kubectl.minors)
    func `edit, patch and label`(minor: Int) throws {
        guard let (gateway, kubectl) = try Self.start(minor) else { return }
        let name = Self.service.name
        #expect(try kubectl("apply", "-f", "\(gateway.folder.path)/alpha.yaml").isFine)
        func plugin() throws -> String? {
            try gateway.request("GET", "\(Gateway.services)/\(name)").json.at("spec.pluginID") as? String
        }
        let editor = try gateway.folder.write(
            "editor", "#!/bin/sh\nsed -i 's/pluginID: .*/pluginID: edited/' \"$1\"\n", executable: true)
        let edited = try kubectl("edit", "dataplaneservice", name, editor: editor)
        #expect(edited.text.contains("\(Self.resource)/\(name) edited") && edited.isFine, "\(edited.text)")
        #expect(try plugin() == "edited")
        #expect(try kubectl("edit", "dataplaneservice", name, editor: "true").text.contains("no changes"))

        let merge = try kubectl(
            "patch", "dataplaneservice", name, "--type=merge", "-p", #"{"spec":{"pluginID":"merged"}}"#)
        #expect(merge.text.contains("patched") && merge.isFine, "\(merge.text)")
        #expect(try plugin() == "merged")
        let json = try kubectl(
            "patch", "dataplaneservice", name, "--type=json", "-p",
            #"[{"op":"replace","path":"/spec/pluginID","value":"json"}]"#)
        #expect(json.text.contains("patched") && json.isFine, "\(json.text)")
        #expect(try plugin() == "json")

        #expect(try kubectl("label", "dataplaneservice", name, "colour=blue").text.contains("labeled"))
        #expect(try kubectl("get", "dataplaneservice", "-l", "colour=blue", "-o", "name").text.contains(name))
        #expect(try !kubectl("get", "dataplaneservice", "-l", "colour=red", "-o", "name").text.contains(name))
        #expect(try kubectl("label", "dataplaneservice", name, "colour-").isFine)
        #expect(try !kubectl("get", "dataplaneservice", "-l", "colour=blue", "-o", "name").text.contains(name))

        let refused = try kubectl("patch", "dataplaneservice", name, "--type=merge", "-p", #"{"spec":{"group":"b.c"}}"#)
        #expect(!refused.isFine && refused.text.contains("spec.group"), "\(refused.text)")
        #expect(try kubectl("delete", "dataplaneservice", name).isFine)
    }

    /// What kubectl prints for several objects is `kind: List` of version v1: it must be able to read it again.
    @Test(arguments: Kubectl.minors)
    func `lists that kubectl prints are read again`(minor: Int) throws {
        guard let (gateway, kubectl) = try Self.start(minor) else { return }
        #expect(try kubectl("apply", "-f", "\(gateway.folder.path)/alpha.yaml").isFine)
        let second = Gateway.Service(group: "beta.example.com", pluginID: "alpha")
        let beta = try gateway.folder.write("beta.yaml", second.yaml)
        #expect(try kubectl("create", "-f", beta).isFine)
        let names = [Self.service.name, second.name]
        let selector = "metadata.name!=\(Self.held.name)"
        for format in ["yaml", "json"] {
            let list = try kubectl("get", "dps", "--field-selector", selector, "-o", format)
            #expect(list.isFine && list.text.contains("List"), "\(list.text)")
            let file = try gateway.folder.write("list.\(format)", list.text)
            for command in [
                ["apply"], ["apply", "--server-side", "--force-conflicts"], ["diff"], ["replace"],
                ["get", "-o", "name"],
                ["label", "--overwrite", "list=\(format)"], ["describe"],
                ["wait", "--for=condition=Accepted", "--timeout=10s"],
            ] {
                // 1.20 prints managedFields, which no apply may have, and looks for dry runs in OpenAPI v2.
                if minor < 25, command.contains("--server-side") || command[0] == "diff" { continue }
                // What was printed first holds a version that isn't the newest any more: those that look at it say so.
                let needsNewest = command[0] == "replace" || command.contains("--server-side")
                let file = needsNewest ? try gateway.folder.write("stripped", Self.stripped(list.text)) : file
                let output = try kubectl.run(command + ["-f", file])
                #expect(output.isFine || command[0] == "diff" && output.status == 1, "\(command): \(output.text)")
                for name in names where command[0] != "diff" {
                    #expect(output.text.contains(name), "\(command): \(output.text)")
                }
            }
            let deleted = try kubectl("delete", "-f", file)
            #expect(deleted.isFine && names.allSatisfy { deleted.text.contains("\($0)\" deleted") }, "\(deleted.text)")
            let again = try gateway.folder.write("again", Self.stripped(list.text))
            let created = try kubectl("create", "-f", again)
            #expect(created.isFine && names.allSatisfy { created.text.contains("\($0) created") }, "\(created.text)")
        }
    }

    /// Without what only the server writes, and what a new object may not have.
    private static func stripped(_ list: String) throws -> String {
        guard list.hasPrefix("{") else {
            return list.components(separatedBy: "\n").filter { line in
                let text = line.trimmingCharacters(in: .whitespaces)
                return !text.hasPrefix("resourceVersion:") && !text.hasPrefix("uid:")
            }.joined(separator: "\n")
        }
        var json = try JSONSerialization.jsonObject(with: Data(list.utf8)) as? [String: Any] ?? [:]
        json["items"] = (json["items"] as? [[String: Any]] ?? []).map { item in
            var item = item
            var metadata = item["metadata"] as? [String: Any] ?? [:]
            for field in ["resourceVersion", "uid"] { metadata[field] = nil }
            item["metadata"] = metadata
            return item
        }
        return String(decoding: try JSONSerialization.data(withJSONObject: json), as: UTF8.self)
    }

    @Test(arguments: Kubectl.minors)
    func `get all, short names, rules and cluster-info`(minor: Int) throws {
        guard let (gateway, kubectl) = try Self.start(minor) else { return }
        defer { withExtendedLifetime(gateway) {} }
        for words in [["get", "all"], ["get", "dps"], ["get", "dps,dataplane"], ["get", "dataplaneservices"]] {
            let output = try kubectl.run(words)
            #expect(output.isFine && output.text.contains(Self.held.name), "\(words): \(output.text)")
        }
        let rules = try kubectl("auth", "can-i", "--list")
        #expect(rules.isFine && rules.text.contains("*.*") && rules.text.contains("[*]"), "\(rules.text)")
        #expect(try kubectl("auth", "can-i", "create", "dps").text.contains("yes"))
        let info = try kubectl("cluster-info")
        #expect(info.isFine && info.text.contains("is running at"), "\(info.text)")
        #expect(try kubectl("get", "events").text.contains("No resources found"))
        #expect(try kubectl("get", "services,events", "-A").text.contains("No resources found"))
        let resources = try kubectl("api-resources", "-o", "wide")
        #expect(resources.isFine && resources.text.contains("dps"), "\(resources.text)")
    }

    @Test(arguments: Kubectl.minors)
    func `a misspelt field and an object of a file are refused by name`(minor: Int) throws {
        guard let (gateway, kubectl) = try Self.start(minor) else { return }
        let misspelt = try gateway.folder.write(
            "misspelt.yaml", Self.service.yaml.replacingOccurrences(of: "spec:", with: "spec:\n  plugginID: x"))
        let checked = try kubectl("apply", "-f", misspelt)
        #expect(checked.text.contains("plugginID"), "\(checked.text)")
        // Older ones don't ask the server to be strict; it warns them.
        #expect(checked.isFine == (minor < 25), "\(checked.text)")
        let unchecked = try kubectl("apply", "--validate=false", "-f", misspelt)
        #expect(unchecked.isFine, "\(unchecked.text)")
        #expect(try gateway.request("GET", "\(Gateway.services)/\(Self.service.name)").status == 200)

        let editor = try gateway.folder.write(
            "editor", "#!/bin/sh\nsed -i 's/pluginID: .*/pluginID: edited/' \"$1\"\n", executable: true)
        let file = "manifests/\(Self.held.name).yaml"
        for refused in [
            try kubectl("edit", "dataplaneservice", Self.held.name, editor: editor),
            try kubectl("delete", "dataplaneservice", Self.held.name),
        ] {
            #expect(!refused.isFine && refused.text.contains(file), "\(refused.text)")
        }
        #expect(try gateway.request("GET", "\(Gateway.services)/\(Self.held.name)").status == 200)
    }

    /// Before 1.27 explain read OpenAPI v2, where the gateway describes nothing.
    @Test(arguments: Kubectl.minors.filter { $0 >= 27 })
    func `explain describes the fields`(minor: Int) throws {
        guard let (_, kubectl) = try Self.start(minor) else { return }
        let top = try kubectl("explain", "dataplaneservice")
        #expect(top.isFine && top.text.contains("spec") && top.text.contains("status"), "\(top.text)")
        let type = try kubectl("explain", "dataplaneservice.spec.services.type")
        #expect(type.isFine && type.text.contains("What kind of service it is."), "\(type.text)")
        #expect(try kubectl("explain", "dataplaneservice", "--recursive").text.contains("pluginID"))
        #expect(try !kubectl("explain", "dataplaneservice.spec.nonsense").isFine)
    }
}
