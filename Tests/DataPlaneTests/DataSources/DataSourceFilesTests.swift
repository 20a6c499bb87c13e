import DataPlaneAPI
import PluginProtocol
import Testing

@testable import Bytes
@testable import DataPlane

@Suite struct DataSourceFilesTests {
    private func load(
        _ yaml: String, environment: [String: String] = [:]
    ) throws -> (sources: [DataSource], faults: [String]) {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", yaml)
        let files = DataSourceFiles.load([folder.path], environment: environment)
        return (files.sources, files.faults.map { $0.message.replacing("\(folder.path)/", with: "") })
    }

    @Test func `Every key reaches the data source`() throws {
        let (sources, faults) = try load(
            """
            apiVersion: 1
            prune: true
            deleteDatasources:
              - {name: old, orgId: 1}
            datasources:
              - name: Prom
                uid: prom1
                type: prometheus
                access: direct
                orgId: $ORG
                url: http://$HOST:9090
                user: u
                database: 007
                basicAuth: "$FLAG"
                basicAuthUser: b
                withCredentials: true
                isDefault: true
                version: 3
                editable: true
                jsonData: {timeout: 30, port: $ORG, list: [$HOST, 1.50], nested: {on: true}, none: null}
                secureJsonData: {password: pa$$word, pin: 0123, flag: True, none: null}
                correlations: [{targetUID: x}]
            """, environment: ["ORG": "4", "HOST": "h", "FLAG": "true"])
        #expect(faults == [])
        let source = try #require(sources.first)
        #expect(source.orgID == 4)
        #expect(source.type == "prometheus")
        #expect(source.access == .direct)
        #expect(source.isDefault && source.withCredentials && source.isEditable)
        #expect(source.version == 3)
        #expect(source.correlations == [["targetUID": "x"]])
        let settings = source.settings
        #expect(settings.name == "Prom" && settings.uid == "prom1" && settings.url == "http://h:9090")
        #expect(settings.user == "u" && settings.database == "007")
        #expect(settings.basicAuthEnabled && settings.basicAuthUser == "b")
        let json = String(decoding: settings.jsonData, as: UTF8.self)
        #expect(json == #"{"timeout":30,"port":"4","list":["h",1.50],"nested":{"on":true},"none":null}"#)
        #expect(settings.secureJSONData == ["password": "pa$word", "pin": "0123", "flag": "True", "none": ""])
    }

    @Test func `Anchors and merge keys give defaults`() throws {
        let (sources, faults) = try load(
            """
            apiVersion: 1
            datasources:
              - &first {name: a, type: t, jsonData: &json {x: 1, y: 2}, url: http://a}
              - {<<: *first, name: b, jsonData: {<<: [*json], y: 3}}
            """)
        #expect(faults == [])
        #expect(sources.map(\.settings.name) == ["a", "b"])
        #expect(sources.last?.settings.url == "http://a")
        #expect(sources.last?.settings.jsonData == Array(#"{"y":3,"x":1}"#.utf8))
    }

    @Test func `What is not given has Grafana's default`() throws {
        let (sources, faults) = try load(
            "apiVersion: 1\ndatasources: [{name: AAA, type: t, orgId: $X}]", environment: ["X": ""])
        #expect(faults == [])
        let source = try #require(sources.first)
        #expect(source.uid == "PCB1AD2119D8FAFB6")
        #expect(source.orgID == 1 && source.access == .proxy && !source.isDefault)
        #expect(source.settings.jsonData == Array("{}".utf8))
    }

    @Test func `A file of version 0 has snake case keys`() throws {
        let (sources, faults) = try load(
            """
            delete_datasources: [{name: a, org_id: 2}]
            datasources:
              - {name: n, type: t, org_id: 2, basic_auth: true, basic_auth_user: u, is_default: true,
                 json_data: {a: 1}, secure_json_data: {k: v}, with_credentials: true}
            """)
        #expect(faults == [])
        let source = try #require(sources.first)
        #expect(source.orgID == 2 && source.isDefault && source.withCredentials)
        #expect(source.settings.basicAuthUser == "u" && source.settings.secureJSONData == ["k": "v"])
        #expect(source.settings.jsonData == Array(#"{"a":1}"#.utf8))
    }

    @Test func `A file of version 0 is literal`() throws {
        let (sources, faults) = try load(
            """
            datasources:
              - {name: n, type: t, url: "http://$HOST/$$", json_data: {a: "${HOST}", b: [$HOST]}, secure_json_data: {k: "pa$$w$HOST$__file{/no}"}}
            """, environment: ["HOST": "h"])
        #expect(faults == [])
        let settings = try #require(sources.first?.settings)
        #expect(settings.url == "http://$HOST/$$")
        #expect(settings.jsonData == Array(#"{"a":"${HOST}","b":["$HOST"]}"#.utf8))
        #expect(settings.secureJSONData == ["k": "pa$$w$HOST$__file{/no}"])
        // An empty version is none; one that nobody knows yet is read as 1.
        #expect(try load("apiVersion:\ndatasources: [{name: $X, type: t}]").sources.first?.settings.name == "$X")
        let newer = try load("apiVersion: 2\ndatasources: [{name: $X, type: t}]", environment: ["X": "x"])
        #expect(newer.sources.first?.settings.name == "x")
        #expect(newer.faults == ["a.yaml: line 1: apiVersion: is not known and read as 1"])
    }

    @Test(arguments: [
        ("1_000", 1000), ("0o17", 15), ("0b101", 5), ("0x1F", 31), ("-0x1f", -31), ("+7", 7), ("017", 15), ("0", 0),
    ])
    func `Integers have Go's spellings`(text: String, value: Int) throws {
        let (sources, faults) = try load(
            "apiVersion: 0x1\ndatasources: [{name: n, type: t, version: \(text), jsonData: {a: \(text), b: '\(text)'}, secureJsonData: {k: \(text)}}]"
        )
        #expect(faults == [])
        let source = try #require(sources.first)
        // Grafana reads typed keys of version 1 with Atoi, which takes 017 for 17.
        #expect(source.version == (text == "017" ? 17 : value))
        #expect(source.settings.jsonData == Array(#"{"a":\#(value),"b":"\#(text)"}"#.utf8))
        #expect(source.settings.secureJSONData == ["k": text])
    }

    @Test func `Words of YAML 1.1 are booleans where one is wanted`() throws {
        let (sources, faults) = try load(
            "datasources: [{name: n, type: t, is_default: yes, basic_auth: on, editable: off, with_credentials: n}]")
        #expect(faults == [])
        let source = try #require(sources.first)
        #expect(source.isDefault && source.settings.basicAuthEnabled && !source.isEditable && !source.withCredentials)
    }

    @Test func `Byte order marks and line ends of Windows make no difference`() throws {
        let yaml = "apiVersion: 1\r\ndatasources:\r\n  - name: n\r\n    type: t\r\n    url: http://ä\r\n"
        let folder = try TemporaryFolder()
        let secret = try folder.write("secret", bytes: [0xEF, 0xBB, 0xBF] + Array("geheim\r\n".utf8))
        let text = yaml + "    secureJsonData: {k: \"$__file{\(secret)}\"}\r\n"
        let little = [UInt8]([0xFF, 0xFE]) + text.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let big = [UInt8]([0xFE, 0xFF]) + text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        for bytes in [[0xEF, 0xBB, 0xBF] + Array(text.utf8), little, big, Array(text.utf8)] {
            try folder.write("a.yaml", bytes: bytes)
            let files = DataSourceFiles.load([folder.path], environment: [:])
            #expect(files.faults.map(\.message) == [])
            #expect(files.sources.first?.settings.url == "http://ä")
            #expect(files.sources.first?.settings.secureJSONData == ["k": "geheim"])
        }
    }

    @Test func `Files put together may have a mark at each document`() throws {
        let (sources, faults) = try load(
            "\u{FEFF}apiVersion: 1\ndatasources: [{name: a, type: t}]\n---\n\u{FEFF}apiVersion: 1\ndatasources: [{name: b, type: t}]\n\u{FEFF}---\napiVersion: 1\ndatasources: [{name: c, type: t}]\n"
        )
        #expect(faults == [])
        #expect(sources.map(\.settings.name) == ["a", "b", "c"])
    }

    @Test func `Generated uids are told with their data sources`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "a.yaml",
            "apiVersion: 1\ndatasources: [{name: AAA, type: t}, {name: b, uid: b, type: t}, {name: AAA, type: t, orgId: 2}]"
        )
        let files = DataSourceFiles.load([folder.path], environment: [:])
        #expect(files.sources.map(\.uidGenerated) == [true, false, true])
        #expect(files.sources.map(\.file) == [path, path, path])
        #expect(
            DataSourceTable(files.sources).summary
                == "provisioned: 3 data sources, 0 apps; without a uid of their own: \"AAA\" has PCB1AD2119D8FAFB6, "
                + "\"AAA\" has PCB1AD2119D8FAFB6 (organisation 2)")
        #expect(DataSourceTable().summary == nil)
        // Writing the uid down changes what operators are told, though plugins notice nothing.
        try folder.write("a.yaml", "apiVersion: 1\ndatasources: [{name: AAA, uid: PCB1AD2119D8FAFB6, type: t}]")
        let second = DataSourceFiles.load([folder.path], environment: [:], previous: files)
        #expect(second.sources.first?.uidGenerated == false)
    }

    @Test(arguments: [
        ("{type: t}", "a.yaml: line 4: datasources[1].name: is missing"),
        ("{name: n}", "a.yaml: line 4: datasources[1].type: is missing"),
        ("{name: n, type: t, orgId: many}", "a.yaml: line 4: datasources[1].orgId: must be an integer"),
        ("{name: n, type: t, orgId: -1}", "a.yaml: line 4: datasources[1].orgId: must be 1 or more"),
        ("{name: n, type: t, orgId: 99999999999999999999}", "a.yaml: line 4: datasources[1].orgId: must be an integer"),
        ("{name: n, type: t, basicAuth: perhaps}", "a.yaml: line 4: datasources[1].basicAuth: must be true or false"),
        ("{name: n, type: t, url: [a]}", "a.yaml: line 4: datasources[1].url: must be text, not an array"),
        ("{name: n, type: t, jsonData: text}", "a.yaml: line 4: datasources[1].jsonData: must be a mapping"),
        (
            "{name: n, type: t, secureJsonData: {a: {b: c}}}",
            "a.yaml: line 4: datasources[1].secureJsonData.a: must be text, not an object"
        ),
        (
            "{name: n, type: t, secureJsonData: {a: $__file{/no/file}}}",
            "a.yaml: line 4: datasources[1].secureJsonData.a: $__file{}: /no/file: can't be read"
        ),
        (
            "{name: n, type: t, correlations: [1]}",
            "a.yaml: line 4: datasources[1].correlations: must be a list of mappings"
        ),
        ("just text", "a.yaml: line 4: datasources[1]: must be a mapping, not a string"),
        (
            "{name: good, type: t}",
            "a.yaml: line 4: datasources[1].name: organisation 1 has a data source of this name already, "
                + "at a.yaml: line 3: datasources[0]"
        ),
        (
            "{name: n, uid: g, type: t}",
            "a.yaml: line 4: datasources[1].uid: organisation 1 has a data source of this uid already"
        ),
    ])
    func `A fault names file, line and field and drops only its entry`(entry: String, expected: String) throws {
        let quoted = entry.replacing("$__file{/no/file}", with: #""$__file{/no/file}""#)
        let (sources, faults) = try load(
            "apiVersion: 1\ndatasources:\n  - {name: good, uid: g, type: t}\n  - \(quoted)\n  - {name: last, type: t}\n"
        )
        #expect(sources.map(\.settings.name) == ["good", "last"])
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test(arguments: [
        ("datasources: [{name: n, type: t, colour: red}]", "datasources[0].colour: is not a known key and is ignored"),
        (
            "datasources: [{name: n, type: t, password: x}]",
            "datasources[0].password: is not read here; put it below secureJsonData"
        ),
        (
            "datasources: [{name: n, type: t, url: $NOPE}]",
            "datasources[0].url: the environment variable NOPE is not set"
        ),
        (
            "datasources: [{name: n, type: t, access: both}]",
            "a.yaml: line 2: datasources[0].access: is neither proxy nor direct; proxy counts"
        ),
        ("datasources: [{name: n, type: t}]\nmore: 1", "more: is not a known key and is ignored"),
        ("datasources: [{name: n, type: t}]\nprune: maybe", "prune: must be true or false"),
        (
            "datasources: [{name: m, type: t, isDefault: true}, {name: n, type: t, isDefault: true}]",
            "datasources[1].isDefault: organisation 1 has a default data source already"
        ),
        (
            "datasources: [{name: n, type: t}]\ndeleteDatasources: [{orgId: 1}]",
            "deleteDatasources[0].name: is missing"
        ),
    ])
    func `A fault that does no harm leaves the entry in use`(yaml: String, expected: String) throws {
        let (sources, faults) = try load("apiVersion: 1\n\(yaml)\n")
        #expect(sources.last?.settings.name == "n")
        #expect(sources.filter(\.isDefault).count <= 1)
        #expect(faults.count == 1)
        #expect(faults.first?.contains(expected) == true, "\(faults)")
    }

    @Test func `Organisations may have the same names`() throws {
        let (sources, faults) = try load(
            "apiVersion: 1\ndatasources: [{name: n, uid: u, type: t, isDefault: true}, {name: n, uid: u, type: t, orgId: 2, isDefault: true}]"
        )
        #expect(faults == [])
        #expect(Set(sources.map(\.settings.id)).count == 2)
    }

    @Test(arguments: [
        "apiVersion: 1\ndatasources:\n  - name: n\n    type: t\n    basicAuth: hunter2\n    orgId: hunter2\n    access: hunter2\n",
        "apiVersion: 1\ndatasources:\n  - secureJsonData: {a: hunter2, b: [hunter2]}\n    password: hunter2\n",
        "apiVersion: 1\ndatasources:\n  - secureJsonData: {a: hunter2\n",
        "apiVersion: 1\ndatasources:\n  - secureJsonData: {a: \"hunter2 \u{1}\"}\n",
        "apiVersion: 1\ndatasources:\n  - secureJsonData: {a: *hunter}\n    b: \"hunter2\n",
        "apiVersion: 1\ndatasources: [{name: n, type: t, orgId: $SECRET, basicAuth: \"${SECRET}\"}]\n",
        "apiVersion: hunter2\n", "- hunter2\n", "hunter2", "datasources: hunter2",
    ])
    func `A fault never shows a value`(yaml: String) throws {
        let (_, faults) = try load(yaml, environment: ["SECRET": "hunter2"])
        #expect(!faults.isEmpty)
        #expect(!faults.contains { $0.contains("hunter2") }, "\(faults)")
    }

    @Test func `Files count in the order of their names, without sub-folders and other endings`() throws {
        let folder = try TemporaryFolder()
        for (name, source) in [("b.yml", "b"), ("a.yaml", "a"), ("c.txt", "c"), ("sub/d.yaml", "d"), (".e.yaml", "e")] {
            try folder.write(name, "apiVersion: 1\ndatasources: [{name: \(source), type: t}]")
        }
        let files = DataSourceFiles.load([folder.path, "\(folder.path)/a.yaml"], environment: [:])
        #expect(files.sources.map(\.settings.name) == ["a", "b"])
        #expect(files.faults.isEmpty)
    }
}
