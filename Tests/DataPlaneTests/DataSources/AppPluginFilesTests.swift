import DataPlaneAPI
import PluginProtocol
import Testing

@testable import DataPlane

@Suite struct AppPluginFilesTests {
    private func load(_ yaml: String) throws -> (apps: [AppPlugin], faults: [String]) {
        let folder = try TemporaryFolder()
        try folder.write("a.yaml", yaml)
        let files = AppPluginFiles.load([folder.path], environment: ["TOKEN": "t0ken"])
        return (files.apps, files.faults.map { $0.message.replacing("\(folder.path)/", with: "") })
    }

    @Test func `Every key is read, in both spellings of the organisation`() throws {
        let (apps, faults) = try load(
            """
            apiVersion: 1
            apps:
              - {type: my-app, org_id: 3, org_name: Main, disabled: true, jsonData: {a: [1]}, secureJsonData: {k: $TOKEN}}
              - {type: my-app, orgId: 4}
            """)
        #expect(faults == [])
        #expect(apps.map(\.orgID) == [3, 4])
        #expect(apps.map(\.isEnabled) == [false, true])
        #expect(apps[0].orgName == "Main" && apps[0].pluginID == "my-app")
        #expect(apps[0].settings.jsonData == Array(#"{"a":[1]}"#.utf8))
        #expect(apps[0].settings.secureJSONData == ["k": "t0ken"])
        #expect(apps[0].settings.updatedMS != apps[1].settings.updatedMS)
    }

    @Test(arguments: [
        ("{org_id: 1}", "a.yaml: line 4: apps[1].type: is missing"),
        ("{type: b, disabled: 7}", "a.yaml: line 4: apps[1].disabled: must be true or false"),
        ("{type: a}", "a.yaml: line 4: apps[1].type: the app is there already"),
    ])
    func `A fault drops only its entry`(entry: String, expected: String) throws {
        let (apps, faults) = try load("apiVersion: 1\napps:\n  - {type: a}\n  - \(entry)\n")
        #expect(apps.map(\.pluginID) == ["a"])
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
    }
}
