// What it costs to read a request: a query body and a path. Prints nanoseconds per operation, the best of several
// rounds, since everything above the best is noise of the machine.
import DataPlaneAPI

let body =
    Array(
        #"{"queries":[{"refId":"A","datasource":{"type":"prometheus","uid":"prom-uid-1"},"expr":"sum(rate("#.utf8)
    + Array(
        #"http_requests_total{job=\"api\"}[5m])) by (code)","editorMode":"code","legendFormat":"__auto","range":true,"#
            .utf8)
    + Array(
        #""instant":false,"exemplar":false,"intervalMs":15000,"maxDataPoints":1084}],"from":"1735689600000","#.utf8)
    + Array(#""to":"1735711200000"}"#.utf8)
let manyBody =
    Array(#"{"from":"now-6h","to":"now","queries":["#.utf8)
    + (0..<10).map { index in
        #"{"refId":"Q\#(index)","datasource":{"uid":"u","type":"t"},"#
            + #""expr":"up{i=\"\#(index)\"}","maxDataPoints":100,"intervalMs":1000,"range":true}"#
    }.joined(separator: ",").utf8 + Array("]}".utf8)
let paths = [
    "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/prom-uid-1/query",
    "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources/prom%2Duid/resources/a%2Fb",
    "/api/ds/query",
].map { Array($0.utf8) }

/// Nanoseconds per call of the best of the rounds.
func measure(_ rounds: Int = 20, _ count: Int = 20_000, _ work: () throws -> Int) rethrows -> Double {
    let clock = ContinuousClock()
    var best = Double.infinity
    var kept = 0
    for _ in 0..<rounds {
        let start = clock.now
        for _ in 0..<count { kept &+= try work() }
        let time = start.duration(to: clock.now)
        let nanoseconds = Double(time.components.seconds) * 1e9 + Double(time.components.attoseconds) / 1e9
        best = min(best, nanoseconds / Double(count))
    }
    // The results must be used, or the compiler may drop the work.
    if kept == 42 { print() }
    return best
}

func show(_ name: String, _ nanoseconds: Double) {
    print("\(name.padding(to: 44)) \(Int(nanoseconds.rounded())) ns")
}

extension String {
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

show(
    "query body, 1 query, \(body.count) bytes",
    try measure {
        try QueryRequest.parse(body, pathUID: "prom-uid-1", acceptedTypes: ["prometheus"], now: 1_735_711_200_000)
            .queries[0].json.count
    })
show(
    "query body, 10 queries, \(manyBody.count) bytes",
    try measure(10, 2_000) {
        try QueryRequest.parse(manyBody, pathUID: "u", acceptedTypes: ["t"], now: 1_735_711_200_000).queries.count
    })
for path in paths {
    show("path, \(path.count) bytes\(path.contains(0x25) ? ", encoded" : "")", measure { CanonicalPath(path).count })
}
