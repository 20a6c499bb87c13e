import Bytes
import DataPlaneAPI
import Testing

@testable import DataPlane

/// The templates of plugin.json, construct by construct.
struct ProxyTemplateTests {
    private func fill(_ text: String) throws -> String {
        try ProxyTemplate(
            .init(
                jsonData: [
                    "tenant": "blue", "n": 30, "big": 1_500_000,
                    "half": JSONNumber(text: "0.5").map { .number($0) } ?? .null, "on": true, "off": false, "zero": 0,
                    "empty": "", "nothing": .null, "deep": ["a": "b", "c": ["d": "e"]], "list": ["x", "y"],
                    "none": [], "odd": "a b&c/ü\"", "api-key": "k", "line": "1\n2",
                ], secureJSONData: ["token": "s3cret"], url: "https://x/y")
        ).text(text)
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("}} {", "}} {"), ("{{ .JsonData.tenant }}", "blue"),
        ("{{.JsonData.deep.a}}", "b"), ("{{.JsonData.deep.c.d}}", "e"), ("{{ $.JsonData.tenant }}", "blue"),
        ("Bearer {{ .SecureJsonData.token }}!", "Bearer s3cret!"), ("{{ .URL }}/z", "https://x/y/z"),
        ("{{.JsonData.n}} {{.JsonData.on}} {{.JsonData.half}} {{.JsonData.big}}", "30 true 0.5 1500000"),
        ("{{\n.JsonData.tenant\t}}", "blue"),
    ])
    func `fields print their values`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        ("{{ .JsonData.gone }}", "<no value>"), ("{{ .JsonData.nothing }}", "<no value>"),
        ("{{ .SecureJsonData.gone }}", "<no value>"), ("{{ .JsonData.gone.deeper }}", "<no value>"),
        ("[{{ orEmpty .JsonData.gone }}]", "[]"), ("[{{ .SecureJsonData.gone | orEmpty }}]", "[]"),
        ("{{ .JsonData.tenant | orEmpty }}", "blue"), ("{{ orEmpty .JsonData.n }}", "30"),
    ])
    func `what is missing says so, or is empty on request`(text: String, filled: String) throws {
        #expect(try fill(text) == filled)
    }

    @Test(arguments: [
        ("a {{- .JsonData.tenant -}} b", "ablueb"), ("a {{- .JsonData.tenant }} b", "ablue b"),
        ("a {{ .JsonData.tenant -}} \n\t b", "a blueb"), ("a {{- \"-\" -}} b", "a-b"), ("a{{/* {{ no }} */}}b", "ab"),
        ("a {{- /* no */ -}} b", "ab"), ("{{/* a */}}{{/* b */}}", ""),
    ])
    func `blanks and comments are taken away`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        (#"{{ "x" }}"#, "x"), (#"{{ "a\"b\\c\t\u00fc\x41" }}"#, "a\"b\\c\tüA"), ("{{ `a\"\\n` }}", "a\"\\n"),
        (#"{{ "}}" }}"#, "}}"), (#"{{ "{{" }}"#, "{{"), ("{{ 42 }} {{ -1.5 }} {{ true }}", "42 -1.5 true"),
        ("{{ nil }}", "<no value>"),
    ])
    func `constants print themselves`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        (#"{{ printf "%s-%v-%d" .JsonData.tenant .JsonData.on .JsonData.n }}"#, "blue-true-30"),
        (#"{{ printf "%d%%" .JsonData.big }}"#, "1500000%"), (#"{{ printf "%q" .JsonData.odd }}"#, #""a b&c/ü\"""#),
        (#"{{ printf "%q" .JsonData.line }}"#, #""1\n2""#), (#"{{ printf "%t" .JsonData.off }}"#, "false"),
        (#"{{ .JsonData.tenant | printf "%s/%s" "a" }}"#, "a/blue"), (#"{{ printf "plain" }}"#, "plain"),
        (#"{{ printf "%v" .JsonData.gone }}"#, "<no value>"), (#"{{ print "a" 1 2 "b" true }}"#, "a1 2btrue"),
    ])
    func `printf and print`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        ("{{ urlquery .JsonData.odd }}", "a+b%26c%2F%C3%BC%22"),
        ("{{ .JsonData.odd | urlquery }}", "a+b%26c%2F%C3%BC%22"),
        ("{{ urlquery \"a~b-c.d_e\" }}", "a~b-c.d_e"), ("{{ urlquery .JsonData.n }}", "30"),
    ])
    func `urlquery escapes`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        ("{{ len .JsonData.tenant }}", "4"), ("{{ len .JsonData.odd }}", "9"), ("{{ len .JsonData.list }}", "2"),
        ("{{ len .JsonData.deep }}", "2"), (#"{{ index .JsonData "api-key" }}"#, "k"),
        (#"{{ index .JsonData "deep" "c" "d" }}"#, "e"), ("{{ index .JsonData.list 1 }}", "y"),
        ("{{ index .JsonData.list 9 }}", "<no value>"), (#"{{ index .SecureJsonData "gone" }}"#, "<no value>"),
        (#"{{ (index .JsonData "deep").a }}"#, "b"), (#"{{ index .JsonData.gone "x" }}"#, "<no value>"),
    ])
    func `len and index`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        (#"{{ eq .JsonData.tenant "blue" }}"#, "true"), (#"{{ eq .JsonData.tenant "red" "blue" }}"#, "true"),
        (#"{{ ne .JsonData.tenant "blue" }}"#, "false"), ("{{ eq .JsonData.n 30.0 }}", "true"),
        (#"{{ eq .JsonData.n "30" }}"#, "false"), ("{{ eq .JsonData.gone nil }}", "true"),
        ("{{ not .JsonData.on }}", "false"), ("{{ not .JsonData.gone }}", "true"),
        (#"{{ and .JsonData.on "x" }}"#, "x"), ("{{ and .JsonData.off (len .JsonData.n) }}", "false"),
        (#"{{ or .JsonData.empty .JsonData.tenant }}"#, "blue"), ("{{ or .JsonData.on (len .JsonData.n) }}", "true"),
        ("{{ or .JsonData.zero .JsonData.empty }}", ""), (#"{{ .JsonData.tenant | eq "blue" | not }}"#, "false"),
        (#"{{ and (eq .JsonData.tenant "blue") (not .JsonData.off) }}"#, "true"),
    ])
    func `comparisons and logic`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        ("{{ if .JsonData.on }}x{{ end }}", "x"), ("{{ if .JsonData.off }}x{{ end }}", ""),
        ("{{ if .JsonData.empty }}x{{ else }}y{{ end }}", "y"), ("{{ if .JsonData.zero }}x{{ else }}y{{ end }}", "y"),
        ("{{ if .JsonData.none }}x{{ else }}y{{ end }}", "y"), ("{{ if .JsonData.gone }}x{{ else }}y{{ end }}", "y"),
        ("{{ if .JsonData.gone }}x{{ else if .JsonData.on }}y{{ else }}z{{ end }}", "y"),
        ("{{ if .JsonData.gone }}x{{ else if .JsonData.off }}y{{ else }}z{{ end }}", "z"),
        (#"{{ if eq .JsonData.tenant "blue" }}a{{ if .JsonData.off }}b{{ else }}c{{ end }}d{{ end }}e"#, "acde"),
        ("a {{- if .JsonData.on -}} b {{- end -}} c", "abc"),
    ])
    func `branches`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        ("{{ with .JsonData.deep }}{{ .a }}{{ $.JsonData.n }}{{ end }}{{ .JsonData.n }}", "b3030"),
        ("{{ with .JsonData.tenant }}{{ . }}{{ end }}", "blue"),
        ("{{ with .JsonData.gone }}x{{ else }}y{{ end }}", "y"),
        ("{{ with .JsonData.gone }}x{{ else with .JsonData.deep }}{{ .a }}{{ end }}", "b"),
        ("{{ with .JsonData.deep }}{{ with .c }}{{ .d }}{{ end }}{{ .a }}{{ end }}", "eb"),
    ])
    func `with moves the dot`(text: String, filled: String) throws { #expect(try fill(text) == filled) }

    @Test(arguments: [
        "{{ .Other }}", "{{ .JsonData.list }}", "{{ .JsonData }}", "{{ . }}", "{{ .JsonData.tenant.x }}",
        "{{ .SecureJsonData.a.b.c }}{{ .SecureJsonData.token.b }}", "{{ .JsonData.tenant", "{{}}", "{{ | }}", "{{ ( }}",
        "{{ ) }}", "{{ (.URL }}", "{{ .URL) }}", "{{ .URL | }}", "{{ | .URL }}", "{{ .URL .URL }}", "{{ \"x }}",
        "{{ `x }}", #"{{ "\q" }}"#, #"{{ "\u12" }}"#, #"{{ "\ud800" }}"#, "{{ 'x' }}", "{{ 1x }}", "{{ $x }}",
        "{{ $x := 1 }}", "{{ .JsonData.api-key }}", "{{ if }}{{ end }}", "{{ if .URL }}", "{{ end }}", "{{ else }}",
        "{{ if .URL }}{{ else }}{{ else }}{{ end }}", "{{ if .URL }}{{ else range }}{{ end }}", "{{ end .URL }}",
        "{{ range .JsonData.list }}{{ end }}", "{{ define \"x\" }}{{ end }}", "{{ template \"x\" }}", "{{ html .URL }}",
        "{{ js .URL }}", "{{ len }}", "{{ len .JsonData.n }}", "{{ eq 1 }}", "{{ ne 1 2 3 }}", "{{ index }}",
        #"{{ index .JsonData.list "x" }}"#, "{{ index .JsonData 1 }}", "{{ not }}", "{{ and }}", "{{ orEmpty }}",
        "{{ printf }}", "{{ printf 1 }}", #"{{ printf "%s" }}"#, #"{{ printf "x" 1 }}"#, #"{{ printf "%" }}"#,
        #"{{ printf "%10d" 1 }}"#, #"{{ printf "%d" "x" }}"#, #"{{ printf "%d" 1.5 }}"#, #"{{ printf "%q" 1 }}"#,
        "{{ .URL | .URL }}", "{{ len len .URL }}", "{{/* x }}", "{{/* x */ .URL }}", "{{ .URL /* x */ }}", "{{", "{{-",
        "{{- }", "{{ .", "{{ \"\\", "{{ $", "{{ (.URL).x }}",
    ])
    func `what is not known or broken is 501`(text: String) {
        let error = #expect(throws: GatewayError.self) { try fill(text) }
        #expect(error?.code == .notImplemented)
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test func `a function that is not known is named`() {
        let error = #expect(throws: GatewayError.self) { try fill("{{ toUpper .URL }}") }
        #expect(error?.message.contains("toUpper") == true)
    }

    @Test func `depth and size are bounded`() throws {
        func nested(_ depth: Int) -> String {
            "{{ " + String(repeating: "(", count: depth) + ".URL" + String(repeating: ")", count: depth) + " }}"
        }
        #expect(try fill(nested(TemplateParser.depthLimit)) == "https://x/y")
        #expect(throws: GatewayError.self) { try fill(nested(TemplateParser.depthLimit + 1)) }
        #expect(throws: GatewayError.self) { try fill(nested(100_000)) }
        #expect(throws: GatewayError.self) {
            try fill("{{ .URL" + String(repeating: " | orEmpty", count: 100_000) + " }}")
        }
        #expect(throws: GatewayError.self) { try fill(String(repeating: "{{ if .URL }}", count: 100_000)) }
        // Each level doubles the text: without a bound for values it would be four gigabytes.
        let doubling = String(repeating: #"{{ with printf "%s%s" . . }}"#, count: 30)
        let bomb = "{{ with .JsonData.tenant }}\(doubling)x" + String(repeating: "{{ end }}", count: 31)
        let error = #expect(throws: GatewayError.self) { try fill(bomb) }
        #expect(error?.code == .badRequest, "\(error?.message ?? "")")
        #expect(throws: GatewayError.self) { try fill(String(repeating: "x", count: TemplateRun.limit + 1)) }
    }

    @Test func `no bytes make it fall over`() {
        var random = SystemRandomNumberGenerator()
        let parts = [
            "{{", "}}", "-", " ", ".", "$", "|", "(", ")", "\"", "`", "\\", "/*", "*/", "if", "else", "end", "with",
            ".URL",
            "printf", "%s", "eq", "index", ".JsonData", "0", "x", "\u{0}", "é",
        ]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in parts.randomElement(using: &random) ?? ""
            }
            .joined()
            _ = try? fill("{{" + text)
            _ = try? fill("{{" + text + "}}")
        }
    }
}
