import Testing

@testable import PluginProtocol

struct PluginLogTests {
    private func parse(_ lines: String...) -> [PluginLogLine] {
        var parser = PluginLogParser()
        return lines.map { parser.parse(Array($0.utf8)) }
    }

    @Test func `a structured line keeps its other keys in order as raw JSON`() {
        let line = parse(
            #"{"@level":"warn","@message":"slow \"query\"\n","@timestamp":"2026-08-20T10:11:12.123456Z","@module":"sql","b":[1,{"x":null}],"a":"\u00e9", "n":1.50}"#
        )
        #expect(
            line == [
                PluginLogLine(
                    level: .warn, message: "slow \"query\"\n", logger: "sql",
                    fields: [
                        .init(key: "b", json: #"[1,{"x":null}]"#), .init(key: "a", json: #""\u00e9""#),
                        .init(key: "n", json: "1.50"),
                    ])
            ])
    }

    @Test(arguments: [
        #"{"@level":"loud","@message":"x"}"#, #"{"@level":1,"@message":"x"}"#, #"{"@level":"info","@message":"x""#,
        #"{"@level":"info","@message":"x"} tail"#, "{", #"{"a":}"#, "{\"a\":\"\\",
        "{\"a\":" + String(repeating: "[", count: 5000),
    ])
    func `what is no structured line is logged as it is at debug`(text: String) {
        #expect(parse(text) == [PluginLogLine(level: .debug, message: text)])
    }

    @Test func `bytes that aren't UTF-8 don't make another line of it, as for Go, but other numbers than JSON's do`() {
        var parser = PluginLogParser()
        let line = Array(#"{"@level":"info","@message":"a"#.utf8) + [0xFF] + Array(#"","k\u0041":"\t"}"#.utf8)
        #expect(
            parser.parse(line)
                == PluginLogLine(
                    level: .info, message: "a\u{FFFD}", fields: [.init(key: "kA", json: #""\t""#)]))
        #expect(parse(#"{"@level":"info","@message":"m","x":NaN}"#).map(\.level) == [.debug])
    }

    @Test func `a bracketed level counts and is cut off`() {
        #expect(parse("[ERROR] broken", "[INFO]fine", "[LOUD] x").map(\.level) == [.error, .info, .debug])
        #expect(parse("[ERROR] broken").map(\.message) == ["broken"])
    }

    @Test func `all lines after a panic are errors, structured ones keep their level`() {
        let lines = parse(
            "starting", "panic: boom", "goroutine 1 [running]:", #"{"@level":"info","@message":"m"}"#, "main.go:12")
        #expect(lines.map(\.level) == [.debug, .error, .error, .info, .error])
    }

    @Test func `escapes outside the basic plane and lone surrogates are read`() {
        let line = parse(#"{"@level":"info","@message":"\ud83d\ude00 \ud800x \u0041"}"#)
        #expect(line.map(\.message) == ["😀 \u{FFFD}x A"])
    }
}
