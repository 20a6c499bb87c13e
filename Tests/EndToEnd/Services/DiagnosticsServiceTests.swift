import Foundation
import Testing

/// The services `health` and `metrics` through a plugin.
@Suite(.timeLimit(.minutes(5)))
struct DiagnosticsServiceTests {
    @Test func `a healthy data source answers 200 with Grafana's shape`() throws {
        let answer = try ShowcaseGateway.shared.get().request("GET", "\(ShowcaseGateway.source)/health")
        #expect(answer.status == 200)
        #expect(
            answer.text
                == #"{"kind":"HealthCheckResult","apiVersion":"showcase.example/v1","status":"OK","code":1,"#
                + #""message":"simulated data is always there","details":{"version":"0.1.0"}}"#)
    }

    @Test func `HE-09 the data source's settings reach the plugin, which answers 400`() throws {
        let answer = try ShowcaseGateway.shared.get().request(
            "GET", "/apis/showcase.example/v1/namespaces/default/connections/sick/health")
        #expect(answer.status == 400)
        #expect(answer.json["status"] as? String == "ERROR")
        #expect(answer.json["code"] as? Int == 2)
        #expect(answer.json["message"] as? String == "the data source says it is not healthy")
        #expect(answer.json["kind"] as? String == "HealthCheckResult")
    }

    @Test func `metrics come as the plugin's text`() throws {
        let gateway = try ShowcaseGateway.shared.get()
        let answer = try gateway.request("GET", "\(ShowcaseGateway.root)/metrics")
        #expect(answer.status == 200)
        #expect(answer["Content-Type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        #expect(answer.text.contains("# TYPE showcase_uptime_seconds gauge\nshowcase_uptime_seconds "))
        let client = try gateway.connect()
        #expect(try client.request("HEAD", "\(ShowcaseGateway.root)/metrics").status == 200)
        #expect(try client.request("HEAD", "\(ShowcaseGateway.source)/health").status == 200)
        #expect(try client.request("GET", "\(ShowcaseGateway.source)/health").json["code"] as? Int == 1)
    }
}
