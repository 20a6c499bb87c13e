import Testing

@testable import Bytes
@testable import DataPlaneAPI

struct DataPlaneServiceTests {
    static let valid = #"""
        {"apiVersion":"aggregation.grafana.app/v0alpha1","kind":"DataPlaneService",
         "metadata":{"name":"v1.weather.example.org","labels":{"a":"b"},"finalizers":["x/y"],
                     "ownerReferences":[{"apiVersion":"v1","kind":"K","name":"n","uid":"u"}],
                     "managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}],"creationTimestamp":null},
         "spec":{"pluginID":"acme-weather-datasource","pluginType":"datasource","group":"weather.example.org",
                 "version":"v1","services":[{"type":"query"},
                 {"type":"route","method":"GET","path":"/orders/{name}"},{"type":"route","path":"/all"}]}}
        """#

    private func service(_ change: (inout JSONValue) -> Void = { _ in }) throws -> DataPlaneService {
        var json = try JSONValue.parse(Self.valid)
        change(&json)
        return try DataPlaneService(json)
    }

    private func causes(_ change: (inout JSONValue) -> Void) throws -> [String] {
        try service(change).validate().map(\.field)
    }

    @Test func `DP-01 a valid object has nothing wrong and keeps its metadata`() throws {
        let object = try service()
        #expect(object.validate().isEmpty)
        let written = try JSONValue.parse(Self.valid)
        #expect(object.metadata.json == written["metadata"])
        #expect(object.metadata.label("a") == "b" && object.metadata.finalizers == ["x/y"])
        #expect(object.conditions.isEmpty)
        #expect(try DataPlaneService(object.json) == object)
    }

    @Test func `DP-21 defaults are filled in and old spellings understood`() throws {
        let object = try service { json in
            json["apiVersion"] = nil
            json["kind"] = nil
            json["spec"]?["services"] = [["type": "data"], ["type": "datsource-proxy"]]
        }
        #expect(object.spec.services == [ServiceEntry(type: "query"), ServiceEntry(type: "datasource-proxy")])
        #expect(object.spec.backend.kind == .plugin)
        #expect(object.json["spec"]?["services"]?[0] == ["type": "query", "method": "", "path": ""])
    }

    @Test func `DP-03 an empty spec names every required field`() throws {
        let fields = try causes { $0["spec"] = [:] }
        #expect(fields == ["spec.group", "spec.version", "spec.pluginID", "spec.services"])
    }

    @Test(arguments: ["a/b", "a%b", ".", "..", "A", "-a", "a-", String(repeating: "a", count: 254)])
    func `DP-07 bad names are refused`(_ name: String) throws {
        #expect(try causes { $0["metadata"]?["name"] = .string(name) } == ["metadata.name"])
    }

    @Test func `DP-04 and DP-05 names are free otherwise`() throws {
        #expect(try causes { $0["metadata"]?["name"] = "foo" }.isEmpty)
    }

    @Test func `DP-06 an unknown type is refused`() throws {
        let object = try service { $0["spec"]?["services"] = [["type": "bogus"]] }
        let error = try #require(object.invalid(object.validate()))
        #expect(error.httpStatus == 422 && error.causes.map(\.field) == ["spec.services[0].type"])
        #expect(error.causes.first?.reason == "FieldValueNotSupported")
        #expect(
            error.message.hasPrefix(
                #"DataPlaneService.aggregation.grafana.app "v1.weather.example.org" is invalid: spec.services[0].type: "#
            ))
    }

    @Test(arguments: ["aggregation.grafana.app", "apiregistration.k8s.io", "x.y.k8s.io", "iam.grafana.app"])
    func `LC-09 reserved groups are refused`(_ group: String) throws {
        #expect(try causes { $0["spec"]?["group"] = .string(group) } == ["spec.group"])
    }

    @Test func anAppPluginsIdIsAGroup() throws {
        #expect(try causes { $0["spec"]?["group"] = "acme-weather-app" }.isEmpty)
    }

    @Test func `LC-07 two equal entries are a duplicate and different routes are not`() throws {
        let twice = try service { $0["spec"]?["services"] = [["type": "query"], ["type": "data"]] }.validate()
        #expect(twice.map(\.reason) == ["FieldValueDuplicate"] && twice.first?.field == "spec.services[1]")
        #expect(
            try causes {
                $0["spec"]?["services"] = [
                    ["type": "route", "path": "/a", "method": "GET"],
                    ["type": "route", "path": "/a", "method": "POST"],
                ]
            }.isEmpty)
    }

    @Test func routesNeedAPatternAndOthersHaveNone() throws {
        let fields = try causes {
            $0["spec"]?["services"] = [
                ["type": "route"], ["type": "route", "path": "x"], ["type": "route", "path": "/x", "method": "get"],
                ["type": "query", "path": "/x", "method": "GET"], ["type": ""],
            ]
        }
        #expect(
            fields == [
                "spec.services[0].path", "spec.services[1].path", "spec.services[2].method", "spec.services[3].method",
                "spec.services[3].path", "spec.services[4].type",
            ])
    }

    @Test(arguments: ["http://127.0.0.1:9100/base", "https://backend.example.org"])
    func anHTTPBackendNeedsNoPlugin(_ url: String) throws {
        #expect(
            try causes {
                $0["spec"]?["pluginID"] = nil
                $0["spec"]?["backend"] = ["type": "http", "baseURL": .string(url)]
            }.isEmpty)
    }

    @Test(arguments: ["", ":// bad", "ftp://x", "http://", "http:///x", "http://u@h", "http://h?q", "http://h/ x"])
    func aBadBackendURLIsRefused(_ url: String) throws {
        let fields = try causes { $0["spec"]?["backend"] = ["type": "http", "baseURL": .string(url)] }
        #expect(fields == ["spec.backend.baseURL"])
    }

    @Test func thePluginInsideTheBackendIsUnderstood() throws {
        let object = try service {
            $0["spec"]?["pluginID"] = nil
            $0["spec"]?["backend"] = ["type": "plugin", "pluginID": "p", "pluginType": "app"]
        }
        #expect(object.spec.pluginID == "p" && object.validate().isEmpty)
    }

    @Test func `LC-04 group and version are immutable`() throws {
        let old = try service { $0["metadata"]?["resourceVersion"] = "5" }
        let new = try service {
            $0["metadata"]?["resourceVersion"] = "5"
            $0["spec"]?["group"] = "other.example.org"
            $0["spec"]?["version"] = "v2"
        }
        #expect(new.validateUpdate(from: old).map(\.field) == ["spec.group", "spec.version"])
        #expect(old.validateUpdate(from: old).isEmpty)
    }

    @Test func `DP-08 an update needs a resourceVersion`() throws {
        let object = try service()
        #expect(
            object.validateUpdate(from: object).map(\.line)
                == ["metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"])
    }

    @Test(arguments: [
        (#"{"spec":{"group":5}}"#, "spec.group"), (#"{"spec":{"services":[5]}}"#, "spec.services[0]"),
        (#"{"spec":{"services":{}}}"#, "spec.services"), (#"{"metadata":{"labels":{"a":1}}}"#, "metadata.labels[a]"),
        (#"{"metadata":{"name":1}}"#, "metadata.name"), (#"{"spec":{"backend":"x"}}"#, "spec.backend"),
        (
            #"{"status":{"conditions":[{"type":"A","status":"Maybe"}]}}"#, "status.conditions[0].status"
        ),
    ])
    func aWrongTypeIsA400ThatNamesTheField(_ text: String, _ field: String) throws {
        let json = try JSONValue.parse(text)
        let error = try #require(throws: GatewayError.self) { try DataPlaneService(json) }
        #expect(error.httpStatus == 400 && error.causes.first?.field == field)
    }

    @Test func anotherKindOrVersionIsA400() throws {
        for text in [#"{"kind":"Pod"}"#, #"{"apiVersion":"v1"}"#, "[]"] {
            let json = try JSONValue.parse(text)
            #expect(throws: GatewayError.self) { try DataPlaneService(json) }
        }
    }

    @Test func `DP-13 DP-14 DP-15 DP-16 the cell of Available`() throws {
        var object = try service()
        #expect(object.availableCell == "Unknown")
        object.conditions = [Condition(type: "Available", status: .isTrue, reason: "Passed", message: "")]
        #expect(object.availableCell == "True")
        object.conditions = [Condition(type: "Available", status: .isFalse, reason: "Down", message: "")]
        #expect(object.availableCell == "False (Down)")
        object.conditions = [Condition(type: "Available", status: .isFalse, reason: "", message: "")]
        #expect(object.availableCell == "False")
        object.metadata.creationTimestamp = "1970-01-01T00:00:00Z"
        #expect(object.cells(nowMS: 600_000) == ["v1.weather.example.org", "False", "10m"])
    }

    @Test func `DP-22 and DP-23 the time of a condition follows its status`() {
        var list: [Condition] = []
        let changedt1 = list.set(Condition(type: "A", status: .isTrue, reason: "R", message: "m"), now: "t1")
        #expect(changedt1)
        let changedt2 = list.set(Condition(type: "A", status: .isTrue, reason: "S", message: "n"), now: "t2")
        #expect(changedt2)
        #expect(list["A"]?.lastTransitionTime == "t1" && list["A"]?.reason == "S" && list["A"]?.message == "n")
        let changedt3 = list.set(Condition(type: "A", status: .isTrue, reason: "S", message: "n"), now: "t3")
        #expect(!changedt3)
        let changedt4 = list.set(Condition(type: "A", status: .isFalse, reason: "S", message: "n"), now: "t4")
        #expect(changedt4)
        #expect(list["A"]?.lastTransitionTime == "t4" && list.count == 1)
    }

    @Test func availableIsTheSummary() {
        var list: [Condition] = []
        list.set(Condition(type: "Accepted", status: .isTrue, reason: "Accepted", message: ""), now: "t1")
        list.summarise(observedGeneration: 1, now: "t1")
        #expect(list["Available"]?.status == .unknown)
        list.set(Condition(type: "PluginReady", status: .isFalse, reason: "Crashed", message: "c"), now: "t2")
        list.summarise(observedGeneration: 1, now: "t2")
        #expect(list["Available"]?.status == .isFalse && list["Available"]?.reason == "Crashed")
        list.set(Condition(type: "PluginReady", status: .isTrue, reason: "Ready", message: ""), now: "t3")
        list.summarise(observedGeneration: 2, now: "t3")
        #expect(list["Available"]?.status == .isTrue && list["Available"]?.lastTransitionTime == "t3")
        #expect(list["Available"]?.json["observedGeneration"] == 2)
    }

    @Test(arguments: [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (200, "3m20s"), (600, "10m"),
        (10_799, "179m"), (10_800, "3h"), (12_000, "3h20m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"),
        (180_000, "2d2h"), (691_200, "8d"), (63_072_000, "2y"), (63_158_400, "2y1d"), (252_288_000, "8y"),
    ])
    func agesReadAsKubectlPrintsThem(_ seconds: Int, _ text: String) {
        #expect(HumanAge.text(seconds: seconds) == text)
    }

    @Test func anUnreadableAgeIsUnknown() {
        #expect(HumanAge.cell("", nowMS: 0) == "<unknown>")
        #expect(HumanAge.cell("bad", nowMS: 0) == "<unknown>")
    }
}
