import Testing

@testable import DataPlaneAPI

struct QueryRequestTests {
    static let now = 1_763_114_100_000

    private func parse(_ body: String, uid: String = "123", types: [String]? = nil) throws -> ParsedQueries {
        try QueryRequest.parse(Array(body.utf8), pathUID: uid, acceptedTypes: types, now: Self.now)
    }

    private func only(_ query: String, uid: String = "123") throws -> ParsedQuery {
        try #require(try parse(#"{"queries":[\#(query)]}"#, uid: uid).queries.first)
    }

    private func json(_ query: ParsedQuery) -> String { String(decoding: query.json, as: UTF8.self) }

    @Test func `QC-01 an empty query gets Grafana's defaults`() throws {
        let query = try only("{}")
        #expect(query.refID == "A" && query.maxDataPoints == 100 && query.intervalMS == 1_000)
        #expect(query.dataSource == nil && query.queryType.isEmpty)
        #expect(query.range == .recent(now: Self.now))
    }

    @Test func `QC-02 everything given arrives sorted without the range`() throws {
        let query = try only(
            #"""
            {"refId":"A","timeRange":{"from":"12345678","to":"87654321"},
             "datasource":{"type":"prometheus","uid":"hello-world"},"queryType":"interesting",
             "maxDataPoints":42,"intervalMs":15,"key1":"value1","key2":"value2"}
            """#, uid: "hello-world")
        #expect(query.maxDataPoints == 42 && query.intervalMS == 15 && query.queryType == "interesting")
        #expect(query.range == TimeRange(fromMS: 12_345_678, toMS: 87_654_321))
        #expect(
            json(query) == #"{"datasource":{"type":"prometheus","uid":"hello-world"},"intervalMs":15,"key1":"value1","#
                + #""key2":"value2","maxDataPoints":42,"queryType":"interesting","refId":"A"}"#)
    }

    @Test func `QC-03 and QC-13 the common range and an own one`() throws {
        let parsed = try parse(
            #"""
            {"from":"1763114100000","to":"1763114110000","queries":[
              {"expr":"up","datasource":{"type":"t","uid":"123"},"refId":"A"},
              {"expr":"up","datasource":{"type":"t","uid":"123"},"refId":"B",
               "timeRange":{"from":"1763114120000","to":"1763114130000"}}]}
            """#)
        #expect(parsed.queries[0].range == TimeRange(fromMS: 1_763_114_100_000, toMS: 1_763_114_110_000))
        #expect(json(parsed.queries[0]) == #"{"refId":"A","datasource":{"type":"t","uid":"123"},"expr":"up"}"#)
        #expect(parsed.queries[1].range == TimeRange(fromMS: 1_763_114_120_000, toMS: 1_763_114_130_000))
        #expect(json(parsed.queries[1]) == #"{"datasource":{"type":"t","uid":"123"},"expr":"up","refId":"B"}"#)
    }

    @Test func `QC-04 QC-05 QC-06 missing ends of the range`() throws {
        #expect(try parse(#"{"to":"5","queries":[{}]}"#).queries[0].range == .recent(now: Self.now))
        #expect(try parse(#"{"from":"5","queries":[{}]}"#).queries[0].range == TimeRange(fromMS: 5, toMS: Self.now))
        let empty = #"{"from":"","to":"","queries":[{"timeRange":{"from":"","to":""},"resultAssertions":{}}]}"#
        #expect(try parse(empty).queries[0].range == .recent(now: Self.now))
    }

    @Test(arguments: [("0.5", 0), ("-1", 1_000), ("0", 1_000), ("1e3", 1_000), ("15.9", 15), ("500", 500)])
    func `QC-07 and QC-08 intervals`(_ text: String, _ expected: Int) throws {
        #expect(try only(#"{"intervalMs":\#(text)}"#).intervalMS == expected)
    }

    @Test func `QC-09 unknown keys are sorted behind the known ones`() throws {
        let query = try only(
            #"{"utcOffsetSec":-1,"exemplar":false,"instant":true,"range":true,"editorMode":"code","legendFormat":"x","#
                + #""intervalMs":500,"maxDataPoints":10,"refId":"A"}"#)
        #expect(
            json(query) == #"{"refId":"A","maxDataPoints":10,"intervalMs":500,"editorMode":"code","exemplar":false,"#
                + #""instant":true,"legendFormat":"x","range":true,"utcOffsetSec":-1}"#)
    }

    @Test func `QC-10 and QC-11 references`() throws {
        let old = try only(#"{"datasource":"old"}"#, uid: "old")
        #expect(json(old) == #"{"refId":"A","datasource":{"type":"","uid":"old"}}"#)
        let full = try only(#"{"datasource":{"type":"t","uid":"123","apiVersion":"v1","extra":1}}"#)
        #expect(json(full) == #"{"refId":"A","datasource":{"type":"t","uid":"123","apiVersion":"v1"}}"#)
        #expect(full.dataSource == DataSourceReference(type: "t", uid: "123", apiVersion: "v1"))
    }

    @Test func `QC-14 what is unknown is kept byte by byte`() throws {
        let query = try only(
            #"{ "spreadsheet" : [ 1.10 , 12345678901234567890123 , {"b" : "x \" y" , "a":null} ], "é\u0041" : -0 }"#)
        #expect(
            json(query)
                == #"{"refId":"A","spreadsheet":[1.10,12345678901234567890123,{"b":"x \" y","a":null}],"éA":-0}"#)
    }

    @Test func ofEqualKeysTheLastCountsAndOnlyItIsSent() throws {
        let query = try only(#"{"x":1,"refId":"A","\u0078":2,"refId":"B","queryType":"a","queryType":null}"#)
        #expect(json(query) == #"{"refId":"B","x":2}"#)
    }

    @Test func pointsMayBeANumericString() throws {
        #expect(try only(#"{"maxDataPoints":"10"}"#).maxDataPoints == 10)
        #expect(json(try only(#"{"maxDataPoints":"10"}"#)) == #"{"refId":"A","maxDataPoints":10}"#)
    }

    @Test(arguments: [
        ("500.25", 500), ("1365.33", 1365), (#""500.75""#, 500), ("1e3", 1000), ("0.5", 100), ("-3.5", 100),
        ("42.0", 42),
        ("null", 100),
    ])
    func `A fraction of a point is cut off`(_ text: String, _ points: Int) throws {
        let query = try only(#"{"maxDataPoints":\#(text)}"#)
        #expect(query.maxDataPoints == points)
        let sent = points == 100 ? "" : #","maxDataPoints":\#(points)"#
        #expect(json(query) == #"{"refId":"A"\#(sent)}"#)
    }

    @Test func `Half a character counts as U+FFFD, as Go reads it`() throws {
        let query = try only(
            #"{"refId":"\ud800","expr":"a\ud83d\ude00b\uDFFFc\ud83dx\\ud800","k\udc00\ud800":["\ud800\ud800"],"datasource":{"uid":"\ud800"}}"#,
            uid: "\u{FFFD}")
        #expect(query.refID == "\u{FFFD}")
        #expect(
            json(query)
                == "{\"refId\":\"\u{FFFD}\",\"datasource\":{\"type\":\"\",\"uid\":\"\u{FFFD}\"},"
                + #""expr":"a\ud83d\ude00b\ufffdc\ufffdx\\ud800","# + "\"k\u{FFFD}\u{FFFD}\":"
                + #"["\ufffd\ufffd"]}"#)
        // Where there is none the client's escapes stay as they are.
        #expect(json(try only(#"{"a":"\ud83d\ude00"}"#)) == #"{"refId":"A","a":"\ud83d\ude00"}"#)
    }

    @Test func hiddenQueriesAreSent() throws {
        let query = try only(#"{"hide":true}"#)
        #expect(query.isHidden && json(query) == #"{"refId":"A","hide":true}"#)
    }

    @Test func `Q-29 text after the value is ignored`() throws {
        #expect(try parse(#"{"queries":[{}]} garbage"#).queries.count == 1)
    }

    @Test(arguments: [
        ("", "EOF", ""), ("{", "unexpected end", ""), ("[]", "unexpected character", ""),
        (#"{}"#, "missing datasource reference", "queries"),
        (#"{"queries":[]}"#, "missing datasource reference", "queries"),
        (#"{"queries":null}"#, "missing datasource reference", "queries"),
        (#"{"queries":5}"#, "queries", "queries"),
        (#"{"queries":[5]}"#, "queries[0]", "queries[0]"),
        (#"{"queries":[{"a":tru}]}"#, "queries[0]", "queries[0]"),
        (#"{"queries":[{"datasource":5}]}"#, "expected string or object", "queries[0].datasource"),
        (#"{"queries":[{"datasource":{"uid":5}}]}"#, "a string", "queries[0].datasource.uid"),
        (
            #"{"queries":[{"maxDataPoints":true}]}"#, "expected number or string for maxDataPoints",
            "queries[0].maxDataPoints"
        ),
        (#"{"queries":[{"maxDataPoints":"x"}]}"#, "integer", "queries[0].maxDataPoints"),
        (#"{"queries":[{"maxDataPoints":99999999999999999999}]}"#, "integer", "queries[0].maxDataPoints"),
        (#"{"queries":[{"intervalMs":"5"}]}"#, "a number", "queries[0].intervalMs"),
        (#"{"queries":[{"intervalMs":1e300}]}"#, "64 bits", "queries[0].intervalMs"),
        (#"{"queries":[{"refId":5}]}"#, "a string", "queries[0].refId"),
        (#"{"queries":[{"hide":"yes"}]}"#, "true or false", "queries[0].hide"),
        (#"{"queries":[{"timeRange":"now"}]}"#, "an object", "queries[0].timeRange"),
        (#"{"queries":[{"timeRange":{"from":"asdf"}}]}"#, "now-6h", "queries[0].timeRange.from"),
        (#"{"from":"now/b","queries":[{}]}"#, "business", "from"),
        (#"{"from":5,"queries":[{}]}"#, "a string", "from"),
        (#"{"queries":[{"refId":"A"},{"refId":"A"}]}"#, "Duplicate", "queries[1].refId"),
        (#"{"queries":[{"refId":"A"},{}]}"#, "refId", "queries[1].refId"),
        (
            #"{"queries":[{"datasource":{"type":"__expr__","uid":"123"}}]}"#, "/api/ds/query",
            "queries[0].datasource.type"
        ),
        (#"{"queries":[{"datasource":{"uid":"-100"}}]}"#, "/api/ds/query", "queries[0].datasource.uid"),
        (#"{"queries":[{"datasource":"-- Mixed --"}]}"#, "/api/ds/query", "queries[0].datasource.uid"),
        (
            #"{"queries":[{"datasource":{"type":"grafana","uid":"grafana"}}]}"#, "/api/ds/query",
            "queries[0].datasource.type"
        ),
        (
            #"{"queries":[{"datasource":{"type":"t","uid":"abc"}}]}"#, "invalid datasource UID",
            "queries[0].datasource.uid"
        ),
        (
            #"{"queries":[{"refId":"A","datasource":{"type":"t","uid":"123"}},{"refId":"B","datasource":{"type":"u"}}]}"#,
            "expect same datasource types", "queries[1].datasource.type"
        ),
        (
            #"{"queries":[{"refId":"A","datasource":"123"},{"refId":"B","datasource":"9"}]}"#,
            "expect same datasource UID", "queries[1].datasource.uid"
        ),
    ])
    func `QC-12 wrong bodies are 400 and name the field`(_ body: String, _ text: String, _ field: String) throws {
        let error = try #require(throws: GatewayError.self) { try parse(body) }
        #expect(error.httpStatus == 400)
        #expect(error.message.contains(text), "\(error.message)")
        #expect(error.message.contains(field))
        #expect((error.causes.first?.field ?? "") == field)
    }

    @Test func `Q-05 the type is checked before the UID`() throws {
        let body = #"{"queries":[{"datasource":{"type":"wrongds","uid":"abc"}}]}"#
        let error = try #require(throws: GatewayError.self) { try parse(body, types: ["testds", "old-testds"]) }
        #expect(error.message.hasPrefix("invalid datasource type"))
        #expect(error.causes.first?.field == "queries[0].datasource.type")
    }

    @Test func `Q-09 Q-10 Q-11 a missing reference means the path`() throws {
        let body = #"{"queries":[{"refId":"A"},{"refId":"B","datasource":{"type":"testds","uid":"123"}}]}"#
        let parsed = try parse(body, types: ["testds"])
        #expect(parsed.dataSourceUID == "123" && parsed.dataSourceType == "testds")
        #expect(try parse(#"{"queries":[{"datasource":null}]}"#, types: ["testds"]).dataSourceType == nil)
    }

    @Test func `Q-14 a bare string has no type`() throws {
        let parsed = try parse(#"{"queries":[{"datasource":"123"}]}"#)
        #expect(parsed.dataSourceType?.isEmpty == true)
        try parsed.checkType(accepted: ["testds"])
    }

    @Test(arguments: [
        #"{"uid":"123"}"#, #"{"type":"","uid":"123"}"#, #"{"type":null,"uid":"123"}"#, "{}",
        #"{"type":null,"uid":null}"#,
        #""123""#,
    ])
    func `A reference without a type is fine when the uid is the path's`(_ reference: String) throws {
        let one = #"{"refId":"A","datasource":\#(reference)}"#
        #expect(try parse(#"{"queries":[\#(one)]}"#, types: ["testds"]).queries.count == 1)
        guard reference.contains("123") else { return }
        let other = #"{"refId":"B","datasource":{"type":"testds","uid":"123"}}"#
        for pair in ["\(one),\(other)", "\(other),\(one)"] {
            #expect(try parse(#"{"queries":[\#(pair)]}"#, types: ["testds"]).dataSourceType == "testds")
        }
        let error = try #require(throws: GatewayError.self) {
            try parse(#"{"queries":[\#(one)]}"#, uid: "other", types: ["testds"])
        }
        #expect(error.message.hasPrefix("invalid datasource UID"))
    }

    @Test(arguments: [#"{"type":"testds"}"#, #"{"type":"testds","uid":""}"#, #"{"type":"testds","uid":null}"#, "{}"])
    func `a reference without a uid means the path`(_ reference: String) throws {
        let one = #"{"refId":"A","datasource":\#(reference)}"#
        let other = #"{"refId":"B","datasource":{"type":"testds","uid":"123"}}"#
        for list in [one, "\(one),\(other)", "\(other),\(one)"] {
            let parsed = try parse(#"{"queries":[\#(list)]}"#, types: ["testds"])
            #expect(parsed.dataSourceUID == "123")
        }
        let wrong = #"{"refId":"C","datasource":{"type":"testds","uid":"9"}}"#
        for list in ["\(one),\(wrong)", "\(wrong),\(one)"] {
            let error = try #require(throws: GatewayError.self) {
                try parse(#"{"queries":[\#(list)]}"#, types: ["testds"])
            }
            #expect(error.message.hasPrefix("invalid datasource UID"), "\(error.message)")
        }
    }

    @Test func aliasesAreAccepted() throws {
        let parsed = try parse(#"{"queries":[{"datasource":{"type":"old","uid":"123"}}]}"#)
        try parsed.checkType(accepted: ["new", "old"])
    }

    @Test func keysOfALongQueryAreSortedAndOfEqualOnesTheLastCounts() throws {
        let numbers = (0..<60).map { ($0 * 37) % 60 }
        let members = numbers.map { #""k\#($0 + 100)":0"# } + [#""k1\u00300":7"#]
        let query = try only("{\(members.joined(separator: ","))}")
        let sorted = (0..<60).map { $0 == 0 ? #""k100":7"# : #""k\#($0 + 100)":0"# }
        #expect(json(query) == #"{"refId":"A",\#(sorted.joined(separator: ","))}"#)
    }

    @Test func withARangeOfItsOwnAllKeysAreMergedInOrder() throws {
        let query = try only(
            #"{"z":1,"hidf":2,"hide":true,"a":3,"datasourcf":4,"timeRange":{"to":"now"},"intervalMs":1.5,"r\u0065f":5}"#
        )
        #expect(
            json(query)
                == #"{"a":3,"datasourcf":4,"hide":true,"hidf":2,"intervalMs":1.5,"ref":5,"refId":"A","z":1}"#)
    }

    @Test func aKnownKeyMayBeWrittenWithEscapes() throws {
        let query = try only(#"{"r\u0065fId":"X","time\u0052ange":{"from":"1","to":"2"}}"#)
        #expect(query.refID == "X" && query.range == TimeRange(fromMS: 1, toMS: 2))
        #expect(json(query) == #"{"refId":"X"}"#)
    }

    @Test func anErrorAfterAQueryNamesThatQuery() throws {
        let error = try #require(throws: GatewayError.self) { try parse(#"{"queries":[{"refId":"A"} {"refId":"B"}]}"#) }
        #expect(error.causes.first?.field == "queries[0]")
    }
}
