import Foundation
import Testing

@testable import SystemKit

/// What the kernel says of processes.
struct ProcessFactsTests {
    @Test func `the name of a program may hold anything`() throws {
        let text =
            "42 (a) b (c) 9) S 7 42 42 0 -1 4194560 100 200 0 0 250 150 5 6 20 0 3 0 12345 999424 321 18446744073709551615 1\n"
        let facts = try #require(
            ProcessFacts(stat: text, pageSize: 4096, ticksPerSecond: 100, openDescriptors: nil))
        #expect(facts.parent == 7 && facts.residentBytes == 321 * 4096 && facts.cpuSeconds == 4)
    }

    @Test(arguments: ["", ")", "1 (x) S 1", "1 (x) S x x x x x x x x x x x x x x x x x x x x x x x x"])
    func `what is no stat file has no facts`(text: String) {
        #expect(ProcessFacts(stat: text, pageSize: 4096, ticksPerSecond: 100, openDescriptors: 0) == nil)
    }

    @Test func `this process has facts and one that never was has none`() throws {
        let own = try #require(ProcessFacts.own)
        #expect(own.parent == getppid() && own.residentBytes > 1 << 20 && (own.openDescriptors ?? 0) > 2)
        #expect(own.cpuSeconds > 0)
        #expect(ProcessFacts.descriptorLimit > 0)
        #expect(ProcessFacts(-1) == nil)
    }
}
