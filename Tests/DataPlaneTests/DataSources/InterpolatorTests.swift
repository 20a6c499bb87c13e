import Crypto
import Testing

@testable import DataPlane

#if canImport(Glibc)
import Glibc
#endif

@Suite struct InterpolatorTests {
    static let environment = [
        "HOST": "db.example", "PORT": "9090", "EMPTY": "", "TRICKY": "a$HOST", "A1_b": "word", "HOSTNAME": "from-env",
    ]

    @Test(arguments: [
        ("plain", "plain"), ("", ""),
        ("http://$HOST:$PORT/x", "http://db.example:9090/x"),
        ("${HOST}name", "db.examplename"),
        ("$__env{HOST}", "db.example"),
        ("$A1_b-$A1_b.", "word-word."),
        ("pa$$word", "pa$word"), ("$$HOST", "$HOST"), ("$$$HOST", "$db.example"), ("$$$$", "$$"),
        ("[$EMPTY]", "[]"),
        ("$TRICKY", "a$HOST"), ("$__env{TRICKY}", "a$HOST"), ("${TRICKY}", "a$HOST"),
        ("5 $ and $", "5 $ and $"), ("$%", "$%"), ("$.", "$."),
        ("${HOST", "HOST"), ("a${}b", "ab"), ("$__env{}", "{}"),
        ("$HOSTNAME", "from-env"),
        ("ü$HOST→", "üdb.example→"),
    ])
    func `Every form is expanded once`(text: String, expected: String) {
        let expansion = Interpolator(environment: Self.environment).expand(text)
        #expect(expansion.text == expected)
        #expect(expansion.error == nil)
    }

    @Test func `What is not set is empty and reported by name`() {
        let expansion = Interpolator(environment: [:]).expand("a$NOPE-${NADA}b$__env{NIX}")
        #expect(expansion.text == "a-b")
        #expect(expansion.warnings.count == 3)
        #expect(expansion.warnings[0].contains("NOPE"))
    }

    @Test func `An unknown kind keeps its braces and is reported`() {
        let expansion = Interpolator(environment: [:]).expand("$__vault{a:b}")
        #expect(expansion.text == "{a:b}")
        #expect(expansion.warnings == ["$__vault{} is not known; known are $__env{} and $__file{}"])
    }

    @Test func `The host name stands in for an unset HOSTNAME in braces`() {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count)
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(!host.isEmpty)
        let interpolator = Interpolator(environment: [:])
        #expect(interpolator.expand("$__env{HOSTNAME}").text == host)
        #expect(interpolator.expand("${HOSTNAME}").text == host)
        #expect(interpolator.expand("$HOSTNAME").text.isEmpty)
    }

    @Test func `A file's content is trimmed and never expanded again`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("secret", "\n  pa$HOST$$word \t\n")
        let interpolator = Interpolator(environment: Self.environment)
        #expect(interpolator.expand("<$__file{\(file)}>").text == "<pa$HOST$$word>")
        #expect(interpolator.files.keys.sorted() == [file])
    }

    @Test func `A missing file is an error and remembered as missing`() {
        let interpolator = Interpolator(environment: [:])
        let error = interpolator.expand("$__file{/no/such/file}").error
        #expect(error?.contains("/no/such/file") == true)
        #expect(interpolator.files["/no/such/file"] == .some(nil))
    }

    @Test(arguments: [
        ("$HOST", "$HOST"), ("$$", "$$"), ("${HOST}", "db.example"), ("$__env{PORT}", "9090"), ("a$", "a$"),
        ("$__vault{x}", "$__vault{x}"),
    ])
    func `In grafana ini only braces are expanded`(text: String, expected: String) {
        #expect(Interpolator(environment: Self.environment, forms: .braces).expand(text).text == expected)
    }

    @Test(arguments: [
        ("", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
        ("abc", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248D6A61D20638B8E5C026930C3E6039A33CE45964FF2167F6ECEDD419DB06C1"
        ),
        (
            String(repeating: "a", count: 1_000_000),
            "CDC76E5C9914FB9281A1C7E284D73E67F1809A48A497200E046D39CCC7112CD0"
        ),
    ])
    func `The hash agrees with the published examples`(text: String, expected: String) {
        #expect(SHA256.upperHex(text) == expected)
    }
}
