import Testing

@testable import DataFrames

@Suite("Frames that plugins make")
struct FrameTests {
    private var everything: Frame {
        var config = FieldConfig(displayNameFromDS: "Price <b>", unit: "currencyEUR")
        config.decimals = 2
        config.min = 0
        config.links = [.init(title: "more", url: "https://example.org/?a=1&b=2", targetBlank: true)]
        config.customJSON = #"{"z":1,"a":[true,null]}"#
        var meta = FrameMeta(type: "timeseries-wide")
        meta.typeVersion = (0, 1)
        meta.notices = [.init(.warning, "sampled", link: "https://example.org")]
        meta.stats = [.init("rows", 3)]
        meta.executedQueryString = "SELECT 1 < 2"
        return Frame(
            "all", refID: "A", meta: meta,
            fields: [
                .times("t", nanoseconds: [0, 1_700_000_000_000_000_001, -1]),
                .times("tn", nanoseconds: [nil, 5_000_000, nil]),
                .numbers("f", [1.5, .nan, -.infinity], labels: ["b": "2", "a": "1"], config: config),
                .numbers("fn", [nil, 0.1, 1e21] as [Double?]),
                .numbers("single", [0.1, 1, .infinity] as [Float]),
                .numbers("i", [Int64.min, 0, Int64.max]),
                .numbers("u", [UInt64.max, nil, 1] as [UInt64?]),
                .numbers("small", [-128, 0, 127] as [Int8]),
                .strings("s", ["", "a\"b<", "é\u{2028}"]),
                .strings("sn", ["x", nil, "z"], labels: [:]),
                .booleans("b", [true, false, true]),
                .booleans("bn", [true, nil, false]),
                .json("j", [#"{"a": 1}"#, nil, "oops"]),
                .enumeration("e", [0, 1, 0], texts: ["ok", "bad"]),
            ])
    }

    @Test("A frame has the same JSON directly and by way of its Arrow file")
    func roundTrip() throws {
        let direct = try everything.json()
        let throughArrow = try frameJSON(everything.arrow())
        #expect(String(decoding: direct, as: UTF8.self) == String(decoding: throughArrow, as: UTF8.self))
    }

    @Test("The JSON has the form of the official SDK")
    func form() throws {
        let frame = Frame(
            refID: "A",
            fields: [
                .times("time", nanoseconds: [1_700_000_000_000_000_000, 1_700_000_001_000_000_000]),
                .numbers("value", [1.5, nil]),
            ])
        let wanted =
            #"{"schema":{"refId":"A","fields":[{"name":"time","type":"time","typeInfo":{"frame":"time.Time"}},"#
            + #"{"name":"value","type":"number","typeInfo":{"frame":"float64","nullable":true}}]},"#
            + #""data":{"values":[[1700000000000,1700000001000],[1.5,null]]}}"#
        #expect(String(decoding: try frame.json(), as: UTF8.self) == wanted)
    }

    @Test("Entities and nanoseconds stand beside the values")
    func extras() throws {
        let text = String(decoding: try everything.json(), as: UTF8.self)
        #expect(text.contains(#""entities":[null,null,{"NaN":[1],"NegInf":[2]},null,{"Inf":[2]},null"#))
        #expect(text.contains(#""nanos":[[0,1,999999],null"#))
        #expect(text.contains(#"[-9223372036854775808,0,9223372036854775807],[18446744073709551615,null,1]"#))
    }

    @Test("A frame without rows has no record batch and empty columns")
    func empty() throws {
        let frame = Frame(fields: [.numbers("v", [Double]()), .strings("s", [String]())])
        #expect(String(decoding: try frameJSON(frame.arrow()), as: UTF8.self).contains(#""values":[[],[]]"#))
        #expect(try frame.json() == frameJSON(frame.arrow()))
        #expect(try Frame().json() == frameJSON(Frame().arrow()))
    }

    @Test("Columns of different length are refused by name")
    func lengths() {
        let frame = Frame(fields: [.numbers("a", [1.0]), .numbers("b", [1.0, 2.0])])
        #expect(throws: FrameError("field 1 \"b\" has 2 rows, the first field has 1")) { try frame.arrow() }
    }

    @Test("The refId of the answer stands in for an empty one only")
    func fallback() throws {
        let empty = try Frame(fields: []).arrow()
        let named = try Frame(refID: "B", fields: []).arrow()
        #expect(String(decoding: try frameJSON(empty, refID: "A"), as: UTF8.self).contains(#""refId":"A""#))
        #expect(String(decoding: try frameJSON(named, refID: "A"), as: UTF8.self).contains(#""refId":"B""#))
    }
}
