import Testing

@testable import PluginBridge

/// Which answers go while memory is short.
struct ReceiveRuleTests {
    private let rule = ReceiveRule(limit: 1000)

    @Test func `nothing ends while there is room`() {
        #expect(rule.excess(pressure: 900, own: 12, others: 3, isFirst: true) == 0)
        #expect(rule.excess(pressure: 1000, own: 1, others: 0, isFirst: true) == 0)
        #expect(rule.excess(pressure: 1000, held: 0, streams: 5) == 0)
        #expect(rule.excess(pressure: 5000, own: 0, others: 3, isFirst: false) == 0)
    }

    @Test(arguments: [(12, 6), (6, 3), (3, 2), (2, 1)])
    func `half of several end, and the last one stays`(own: Int, ended: Int) {
        #expect(rule.excess(pressure: 901, own: own, others: 0, isFirst: true) == ended)
    }

    @Test func `of two on two loops the one of the first loop stays`() {
        #expect(rule.excess(pressure: 901, own: 1, others: 1, isFirst: true) == 0)
        #expect(rule.excess(pressure: 901, own: 1, others: 1, isFirst: false) == 1)
    }

    @Test func `one that doesn't fit alone ends`() {
        #expect(rule.excess(pressure: 1001, own: 1, others: 0, isFirst: true) == 1)
    }

    @Test(arguments: [
        (1 << 30, 0, false, 100), (256 << 20, 0, false, 57), (256 << 20, 200 << 20, true, 7),
        (256 << 20, 256 << 20, true, 1), (256 << 20, 256 << 20, false, 5), (16 << 20, 0, false, 5),
    ])
    func `the less room there is, the sooner it looks again`(limit: Int, pressure: Int, receiving: Bool, pause: Int) {
        #expect(ReceiveRule(limit: limit).pause(pressure: pressure, isReceiving: receiving) == pause)
    }

    @Test(arguments: [(8 << 20, 2), (128 << 20, 6), (256 << 20, 12), (4 << 30, 20)])
    func `an answer that began just now may be a small one`(limit: Int, grace: Int) {
        #expect(ReceiveRule(limit: limit).grace == grace)
    }

    @Test func `streams that only wait don't end for messages that have come`() {
        #expect(rule.excess(pressure: 1200, held: 950, streams: 5) == 0)
        #expect(rule.excess(pressure: 1200, held: 949, streams: 5) == 3)
    }

    @Test(arguments: [(1, 1), (2, 1), (9, 5), (10_000, 8)])
    func `of streams that wait for a message some end`(streams: Int, ended: Int) {
        #expect(rule.excess(pressure: 1001, held: 0, streams: streams) == ended)
    }
}
