import Foundation
import PluginKit
import Testing

@testable import PrometheusPlugin

/// What Prometheus is asked for a query.
@Suite struct PromQueryTests {
    private func query(
        _ json: String, from: Int64 = 0, to: Int64 = 300_000, points: Int64 = 100, scrape: Int64? = nil
    ) throws -> PromQuery {
        try PromQuery(FakePrometheus.query(json, from: from, to: to, points: points), scrapeMS: scrape)
    }

    private func expression(_ text: String, more: String = "", scrape: Int64? = nil) throws -> String {
        try query(#"{"expr":"\#(text)"\#(more)}"#, scrape: scrape).expression
    }

    @Test(arguments: [
        ("", 3_600_000, 100, nil, 30_000),  // 36 s, rounded
        ("", 300_000, 100, nil, 15_000),  // nobody says: as far as Prometheus scrapes
        (#","intervalMs":1000"#, 300_000, 100, nil, 2000), (#","intervalMs":20000"#, 300_000, 100, nil, 20_000),
        ("", 300_000, 100, 30_000, 30_000), (#","intervalMs":1000"#, 300_000, 100, 30_000, 30_000),
        (#","interval":"1m30s""#, 300_000, 100, 15_000, 90_000), (#","interval":"10""#, 300_000, 100, nil, 10_000),
        (#","interval":"$__interval""#, 300_000, 100, nil, 15_000),
        (#","interval":"$__rate_interval""#, 300_000, 100, nil, 60_000),
        (#","interval":"5s","intervalFactor":2"#, 300_000, 100, nil, 10_000),
        (#","interval":"1s""#, 86_400_000, 100_000, nil, 10_000),  // 7855 ms, the guard, rounded up
        (#","interval":"33s""#, 3_400_000, 100, nil, 33_000),
    ])
    func `the step is Grafana's`(more: String, range: Int64, points: Int64, scrape: Int64?, step: Int64) throws {
        #expect(try query(#"{"expr":"x"\#(more)}"#, to: range, points: points, scrape: scrape).stepMS == step)
    }

    @Test(arguments: [11_000_001, 11_000_000, 10_999_999, 16_499_999, 86_400_000, 31_536_000_000, 12_345_678_901])
    func `never more than 11,000 points`(range: Int64) throws {
        for start: Int64 in [0, 1, 999, 1_763_114_123_457] {
            let query = try query(
                #"{"expr":"x","interval":"1ms"}"#, from: start, to: start + range, points: 1_000_000)
            let steps = (query.aligned(query.toMS) - query.aligned(query.fromMS)) / query.stepMS
            #expect(steps <= 11_000, "\(start) \(query.stepMS)")
        }
    }

    @Test(arguments: [
        ("[$__interval]", "", "[15s]"), ("[${__interval}] $__interval_ms", "", "[15s] 15000"),
        ("[$__rate_interval]", "", "[1m]"), ("$__rate_interval_ms", "", "60000"),
        ("[$__rate_interval]", #","interval":"1m""#, "[4m]"),
        ("[$__range] $__range_s ${__range_ms}", "", "[300s] 300 300000"),
        ("$other", "", "$other"),
    ])
    func `variables are filled in`(text: String, more: String, expected: String) throws {
        #expect(try expression(text, more: more) == expected)
    }

    @Test func `a rate has at least four points of the data source`() throws {
        #expect(try expression("[$__rate_interval]", scrape: 30_000) == "[2m]")
        #expect(try expression("[$__rate_interval]", more: #","intervalMs":600000"#, scrape: 30_000) == "[630s]")
        let settings = try FakePrometheus.client(url: "http://h", #"{"timeInterval":">1m"}"#).settings
        #expect(settings.scrapeMS == 60_000)
    }

    @Test(arguments: [
        (#"{"expr":"x"}"#, true, false), (#"{"expr":"x","instant":true}"#, false, true),
        (#"{"expr":"x","range":false,"instant":false}"#, true, false),
        (#"{"expr":"x","range":true,"instant":true}"#, true, true),
        (#"{"expr":"x","instant":null,"range":null}"#, true, false),
    ])
    func `neither instant nor range means range`(json: String, isRange: Bool, isInstant: Bool) throws {
        let query = try query(json)
        #expect(query.isRange == isRange && query.isInstant == isInstant)
    }

    @Test(arguments: [
        (#"{}"#, "expr: the query has no expression"), (#"{"expr":"  "}"#, "expr: the query has no expression"),
        (#"{"expr":5}"#, "expr: must be a text"), (#"{"expr":"x","instant":"yes"}"#, "instant: must be true or false"),
        (#"{"expr":"x","interval":"soon"}"#, "interval: \"soon\" is no duration such as 30s or 1m30s"),
        ("[]", "the query: must be an object"),
    ])
    func `what a user gets wrong is said in words and not the plugin's fault`(json: String, message: String) {
        let error = #expect(throws: PluginError.self) { try query(json) }
        #expect(error == PluginError(message, status: 400, source: .downstream))
    }

    @Test func `an instant query asks for the very end`() async throws {
        let server = try await FakePrometheus(["query": FakePrometheus.series("", "vector")])
        _ = try await server.frames(#"{"expr":"x","instant":true,"interval":"1h"}"#, to: 7_199_123)
        #expect(server.requests.map { $0.all["time"] } == ["7199.123"])
    }

    @Test func `a range is on the grid of its step, in the viewer's time zone`() async throws {
        let server = try await FakePrometheus(["query_range": FakePrometheus.series("")])
        _ = try await server.frames(#"{"expr":"x","interval":"1h"}"#, from: 3_601_000, to: 7_300_000)
        _ = try await server.frames(
            #"{"expr":"x","interval":"1h","utcOffsetSec":1800}"#, from: 3_601_000, to: 7_300_000)
        #expect(
            server.requests.map { "\($0.all["start"] ?? "") \($0.all["end"] ?? "") \($0.all["step"] ?? "")" }
                == ["3600 7200 3600", "1800 5400 3600"])
    }
}
