import Foundation
import Testing

/// What routes below a namespace are about: the app, or the one data source that can be meant.
@Suite(.timeLimit(.minutes(5)))
struct RouteSubjectTests {
    private static func route(_ group: String, _ pluginID: String, _ type: String = "datasource") -> String {
        ShowcaseGateway.manifest(group: group, pluginID: pluginID, type: type, services: ["resource"])
            + "    - type: route\n      path: /echo/{rest...}\n"
    }

    private static func path(_ group: String, _ namespace: String = "default") -> String {
        "/apis/\(group)/v1/namespaces/\(namespace)/echo/x"
    }

    private static func gateway(
        sources: [Gateway.Source], apps: String? = nil, _ group: String, _ type: String = "datasource"
    ) throws -> Gateway {
        let gateway = try Gateway(
            plugins: { folder in
                try ShowcaseGateway.install(in: folder)
                try folder.write("manifests/route.yaml", route(group, "showcase", type))
                if let apps { try folder.write("provisioning/plugins/app.yaml", "apiVersion: 1\napps:\n\(apps)") }
            }, sources: sources)
        try gateway.waitForPlugin("showcase")
        return gateway
    }

    @Test func `an app without an entry has empty settings, and one that is switched off no routes`() throws {
        let group = "app-route.example"
        let gateway = try Self.gateway(
            sources: [], apps: "  - {type: showcase, orgId: 2, disabled: true}\n", group, "app")
        let answer = try gateway.request("GET", Self.path(group))
        #expect(answer.status == 200 && answer.json["appSettings"] as? String == "{}", "\(answer.text)")
        #expect(answer.json["user"] as? String == "system:first-run", "\(answer.text)")
        let resource = try gateway.request("GET", "/apis/\(group)/v1/namespaces/default/app/instance/resources/echo")
        #expect(resource.json["appSettings"] as? String == "{}", "\(resource.text)")
        let off = try gateway.request("GET", Self.path(group, "org-2"))
        #expect(off.status == 404 && off.isStatus && off.message.contains("showcase"), "\(off.text)")
    }

    @Test func `a route of a data source plugin takes the only or the default data source`() throws {
        let group = "source-route.example"
        let gateway = try Self.gateway(
            sources: [
                .init(uid: "only", type: "showcase"), .init(uid: "other", type: "loki"),
                .init(uid: "first", type: "showcase", orgID: 2),
                .init(uid: "standard", type: "showcase", orgID: 2, more: "    isDefault: true\n"),
                .init(uid: "left", type: "showcase", orgID: 3), .init(uid: "right", type: "showcase", orgID: 3),
            ], group)
        for (namespace, uid) in [("default", "only"), ("org-2", "standard"), ("org-3", "")] {
            let answer = try gateway.request("GET", Self.path(group, namespace))
            #expect(answer.status == 200 && answer.json["dataSource"] as? String == uid, "\(answer.text)")
        }
        let none = try gateway.request("GET", Self.path(group, "org-4"))
        #expect(none.status == 404 && none.isStatus, "\(none.text)")
        #expect(none.message.contains("need a data source of type showcase"), "\(none.message)")
    }

    @Test func `without any data source the object says what its routes lack`() throws {
        let group = "bare-route.example"
        let gateway = try Self.gateway(sources: [.init(uid: "other", type: "loki")], group)
        let watch = try ServiceWatch(gateway)
        let state = try watch.wait("v1.\(group)") { $0.condition("PluginReady") == "False DataSourceNotFound" }
        #expect(!state.isAvailable && state.message("PluginReady").contains("type showcase"))
        #expect(try gateway.request("GET", Self.path(group)).status == 404)
        let place = watch.count
        let source = Gateway.Source(uid: "late", type: "showcase")
        try gateway.folder.write("provisioning/datasources/all.yaml", "apiVersion: 1\ndatasources:\n\(source.yaml)")
        try watch.wait("v1.\(group)", from: place) { $0.isAvailable }
        #expect(try gateway.request("GET", Self.path(group)).json["dataSource"] as? String == "late")
    }
}
