import Testing

@testable import APIServer

struct EmptiedFilesTests {
    @Test func `a file is empty for good after some seconds, and begins anew when it was something in between`() {
        var files = EmptiedFiles()
        let start = ContinuousClock.Instant.now
        #expect(!files.areWaiting)
        #expect(files.verdict("a", start) == .begins)
        #expect(files.verdict("b", start + .seconds(3)) == .begins)
        #expect(files.verdict("a", start + .milliseconds(4_999)) == .waits)
        #expect(files.areWaiting)
        #expect(files.verdict("a", start + .seconds(5)) == .ends)
        #expect(files.verdict("b", start + .seconds(5)) == .waits)
        files.keep(only: [])
        #expect(!files.areWaiting)
        #expect(files.verdict("b", start + .seconds(9)) == .begins)
        files.keep(only: ["b"])
        #expect(files.areWaiting)
    }
}
