import Testing

@testable import DataPlaneAPI

struct PathTests {
    @Test(arguments: [
        ("/", [""]), ("/apis", ["apis"]), ("/a/b/", ["a", "b", ""]), ("//a", ["", "a"]), ("/a%2Fb/c", ["a/b", "c"]),
        ("/%61pis", ["apis"]), ("/a%20b/%C3%A9", ["a b", "é"]), ("/a;x=1/b", ["a;x=1", "b"]),
    ])
    func segmentsAreSplitFirstAndDecodedAfterThat(_ text: String, _ expected: [String]) {
        let path = CanonicalPath(text)
        #expect((0..<path.count).map { path.text($0) } == expected)
        #expect(path.flaws.isEmpty && path.refusal == nil)
    }

    @Test(
        arguments: [
            ("/a%00", .nul), ("/a\u{0}b", .nul), ("/a\\b", .backslash), ("/a%", .badPercent), ("/a%2", .badPercent),
            ("/a%zz", .badPercent), ("/a/./b", .dotSegment), ("/a/../b", .dotSegment), ("/a/%2e%2E", .dotSegment),
            ("/a/.%2e/b", .dotSegment), ("a/b", .notAbsolute), ("", .notAbsolute),
        ] as [(String, CanonicalPath.Flaws)])
    func flawsAreNamed(_ text: String, _ flaw: CanonicalPath.Flaws) {
        let path = CanonicalPath(text)
        #expect(path.flaws.contains(flaw))
        #expect(path.refusal?.httpStatus == 400)
    }

    @Test func theRawBytesOfTheRestStayAvailable() {
        let path = CanonicalPath("/p/resources/a%2Fb/c%20d")
        #expect(String(decoding: path.rawSuffix(from: 2), as: UTF8.self) == "a%2Fb/c%20d")
        #expect(path.rawSuffix(from: 9).isEmpty && path[9].isEmpty && path[-1].isEmpty)
        #expect(path.rawSuffix(from: 0).elementsEqual(path.raw.dropFirst()))
        #expect(CanonicalPath("/a%2F/").rawSuffix(from: 1).isEmpty)
    }

    @Test func anEncodedSlashAtTheBeginningIsNoSlash() {
        let path = CanonicalPath("%2Fa%2f%2e%2E/b")
        #expect(path.flaws == .notAbsolute)
        #expect((0..<path.count).map { path.text($0) } == ["/a/..", "b"])
        #expect(CanonicalPath("/%2f").text(0) == "/" && CanonicalPath("/%2f").count == 1)
    }

    static let owned = OwnedPrefixes(below: ["/apis", "/openapi/v3"], exactly: ["/api", "/version"])

    @Test(arguments: [
        "//apis/x", "/x/../apis/x", "/./apis", "/x/%2e%2e/apis", "/apis%2fx", "/%2fapis/x", "/\\apis/x", "/x\\..\\apis",
        "/x/..%2fapis", "/x/%252e%252e/apis", "/apis;a/x", "//version", "/version/", "/public/..%5c..%5capis/y",
        "/api/",
        "/x/%2e%2e%2fapis",
    ])
    func aPathThatNormalisesToAnOwnedOneIsRecognised(_ text: String) {
        let path = CanonicalPath(text)
        #expect(!Self.owned.contains(path))
        #expect(Self.owned.isEscapedTo(by: path))
    }

    @Test(arguments: ["/api/ds/query", "/d/x//y", "/a%20b", "/apisx", "/x/apis", "/public/../x", "/a%2Fb", "/", "/x/"])
    func otherPathsArePassedOn(_ text: String) {
        let path = CanonicalPath(text)
        #expect(!Self.owned.contains(path) && !Self.owned.isEscapedTo(by: path))
    }

    @Test(arguments: ["/apis", "/apis/g/v", "/apis//x", "/%61pis/x", "/api", "/version", "/openapi/v3/apis", "/apis/"])
    func ownedPathsAreOwnedByTheirSegments(_ text: String) {
        let path = CanonicalPath(text)
        #expect(Self.owned.contains(path) && !Self.owned.isEscapedTo(by: path))
    }

    @Test(arguments: [
        "", "x", "/", "/a/", "/a//b", "/a/./b", "/..", "/{", "/{}", "/{1a}", "/{a b}", "/a{b}", "/{a}/{a}",
        "/{a...}/b", "/{...}", "/a?b", "/a#b", "/a%20", "/a\\b", "/a b", "/{$}",
    ])
    func badPatternsAreRefusedWithAReason(_ text: String) {
        let fault = #expect(throws: RoutePattern.Fault.self) { try RoutePattern(text) }
        #expect(fault?.message.isEmpty == false)
    }

    @Test(arguments: [
        ("/test/{name}/example", "/test/12345/example", true), ("/test/{name}/example", "/test//example", false),
        ("/test/{name}/example", "/test/a/b/example", false), ("/test", "/test/", false), ("/test", "/test", true),
        ("/all", "/all/%7Btest%7D", false), ("/f/{p...}", "/f", false), ("/f/{p...}", "/f/", true),
        ("/f/{p...}", "/f/a/b/", true), ("/f/{p...}", "/f/a//b", false), ("/{a}", "/x%2Fy", true), ("/{a}", "/", false),
        ("/é", "/%C3%A9", true),
    ])
    func patternsMatchSegments(_ pattern: String, _ path: String, _ expected: Bool) throws {
        #expect(try RoutePattern(pattern).matches(CanonicalPath(path)) == expected)
        #expect(try RoutePattern(pattern).description == pattern)
    }

    @Test func literalsComeBeforeParametersAndTheseBeforeRests() throws {
        let texts = ["/{a...}", "/{a}/x", "/a/{r...}", "/a/{b}", "/a/b"]
        let sorted = try texts.map { try RoutePattern($0) }.sorted { $0.precedes($1) }
        #expect(sorted.map(\.description) == ["/a/b", "/a/{b}", "/a/{r...}", "/{a}/x", "/{a...}"])
    }

    @Test func sameShapesConflictAndOthersOnlyOverlap() throws {
        let one = try RoutePattern("/a/{x}")
        let literal = try RoutePattern("/a/b")
        #expect(one.hasSameShape(as: try RoutePattern("/a/{y}")))
        #expect(!one.hasSameShape(as: literal))
        #expect(one.overlaps(literal))
        for apart in ["/b/{x}", "/a"] {
            let other = try RoutePattern(apart)
            #expect(!one.overlaps(other))
        }
        #expect(one.overlaps(try RoutePattern("/{r...}")) && one.position(of: "x") == 1)
    }
}
