import Testing

@testable import APIServer

/// A file's documents, each with its hash.
struct ManifestTextTests {
    private static func pieces(_ text: String) -> [(text: String, lines: Int)] {
        ManifestText(text).pieces.map { ($0.text, $0.linesBefore) }
    }

    @Test func `documents are cut where a line begins with the separator`() {
        let found = Self.pieces("a: 1\n---\nb: |\n  ---\n  x\n--- {c: 1}\n---x: 2\n")
        #expect(found.map(\.text) == ["a: 1\n", "---\nb: |\n  ---\n  x\n", "--- {c: 1}\n---x: 2\n"])
        #expect(found.map(\.lines) == [0, 1, 5])
        #expect(Self.pieces("a: 1\r\n---\r\nb: 2\r\n").map(\.lines) == [0, 1])
        #expect(Self.pieces("{\n\"a\": 1\n}").map(\.text) == ["{\n\"a\": 1\n}"])
    }

    @Test func `what holds comments only is no document`() {
        #expect(Self.pieces("").isEmpty)
        #expect(Self.pieces("# one\n\n---\n  # two\n--- # three\n").isEmpty)
        #expect(Self.pieces("# licence\n---\na: 1\n---\n").map(\.text) == ["---\na: 1\n"])
        #expect(Self.pieces("\u{FEFF}---\na: 1\n").map(\.lines) == [0])
    }

    @Test func `a directive keeps the file whole`() {
        #expect(Self.pieces("a: 1\n...\n%TAG ! tag:x,2000:\n---\nb: 1\n").count == 1)
    }

    @Test func `the hash is the document's own`() {
        func hash(_ text: String, _ index: Int = 0) -> String { ManifestText(text).pieces[index].hash }
        #expect(hash("a: 1") == hash("a: 1\n\n") && hash("a: 1") == hash("a: 1\n---\nb: 1"))
        #expect(hash("x: 1\n---\nb: 1", 1) == hash("other: 2\nmore: 3\n---\nb: 1\n", 1))
        #expect(hash("a: 1") != hash("a: 2") && hash("a: 1").count == 32)
    }

    @Test func `a note says where an object comes from, and so does that of an earlier gateway`() {
        let note = ManifestNote(file: "/etc/a b.yaml", hash: "00ff", count: 3)
        #expect(ManifestNote(note.text) == note)
        #expect(ManifestNote("/etc/a b c.yaml") == ManifestNote(file: "/etc/a b c.yaml"))
        #expect(ManifestNote(file: "/etc/x").text == "/etc/x")
    }
}
