import Testing

@testable import Bytes
@testable import DataPlaneAPI

/// Deterministic mutations of valid input: nothing a client sends may trap, and parser and scanner must agree.
struct HostileInputTests {
    private static let bodies = [
        #"{"from":"now-1h","to":"now","queries":[{"refId":"A","datasource":{"type":"t","uid":"u"},"intervalMs":1.5e3,"#
            + #""maxDataPoints":"10","timeRange":{"from":"now-1M/M","to":"2024-01-01||+1fQ/w"},"x":[1,{"é\ud83d\ude00":null}]}]}"#,
        #"{"queries":[{"datasource":"old","hide":true,"datasourceId":7,"resultAssertions":{"maxFrames":1}}]}"#,
        DataPlaneServiceTests.valid,
        #"{"spec":{"group":"a.example","version":"v1","backend":{"type":"http","baseURL":"https://[::1]:8443/b","#
            + #""connectTimeoutSeconds":5,"tls":{"caBundle":"Zm9v","serverName":"h","clientCertificate":"c"}},"#
            + #""limits":{"timeoutSeconds":9,"maxRequestBytes":1e3},"services":[{"type":"route","path":"/a/{x}/{r...}","#
            + #""method":"GET","limits":{"maxConcurrentRequests":3}}]}}"#,
    ]
    private static let pieces: [[UInt8]] = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", "null", "-", "9999999999999999999", "1e999", "e", "\\u", "\\ud800",
        "now",
        "/b", "||", "%", "%2f", "..", "//", "\u{0}", "é", "{x...}",
    ].map { Array($0.utf8) }

    @Test func mutatedBodiesNeverTrapAndParserAndScannerAgree() {
        var random = Xorshift(state: 0x9E37_79B9_7F4A_7C15)
        for round in 0..<2_000 {
            let body = random.mutated(Array(Self.bodies[round % Self.bodies.count].utf8), Self.pieces)
            let parsed = try? JSONValue.parse(body, .init(duplicates: .lastWins))
            let scanned = body.withUnsafeBytes { raw in
                var scanner = JSONScanner(raw)
                return (try? scanner.wholeValue()) != nil
            }
            guard (parsed != nil) == scanned else {
                Issue.record("parser and scanner disagree on \(String(decoding: body, as: UTF8.self))")
                return
            }
            if let parsed {
                let again = try? JSONValue.parse(parsed.bytes())
                #expect(again == parsed)
                _ = try? DataPlaneService(parsed).validate()
            }
            if let request = try? QueryRequest.parse(body, pathUID: "u", now: 1_700_000_000_000) {
                for query in request.queries {
                    #expect((try? JSONValue.parse(query.json)) != nil, "the JSON for the plugin must be valid")
                }
            }
        }
    }

    @Test func mutatedTimesAndPathsNeverTrap() {
        var random = Xorshift(state: 42)
        let owned = OwnedPrefixes(below: ["/apis"], exactly: ["/api"])
        for _ in 0..<6_000 {
            let time = random.mutated(Array("2024-01-31T10:20:30.5+02:00||+1M-9b/fy".utf8), Self.pieces)
            for now in [0, 1_700_000_000_000, Int.max, Int.min] {
                _ = try? TimeText.parse(String(decoding: time, as: UTF8.self), .to, now: now, field: "to")
            }
            let path = CanonicalPath(random.mutated(Array("/apis/g/%2e%2E/v1/a%2Fb/".utf8), Self.pieces))
            _ = owned.isEscapedTo(by: path)
            _ = path.rawSuffix(from: 3)
            if let pattern = try? RoutePattern(String(decoding: path.raw, as: UTF8.self)) {
                #expect(pattern.hasSameShape(as: pattern) && !pattern.precedes(pattern))
            }
        }
    }
}
