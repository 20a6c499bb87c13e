import Testing

@testable import Storage

struct EventRingTests {
    private func event(_ version: Int, previous: Bool = false) throws -> Event {
        Event(
            .modified, try Samples.object("a", version: version),
            previous: previous ? try Samples.object("a", version: version - 1) : nil)
    }

    @Test func `events have numbers, and are found by version`() throws {
        var ring = EventRing(start: 5)
        let limit = EventRing.Limit(events: 100, bytes: 1 << 20)
        for version in [7, 9, 12] { ring.append(try event(version), limit) }
        #expect((ring.first, ring.next) == (0, 3))
        #expect([4, 5, 6, 7, 8, 9, 11, 12, 99].map { ring.number(after: $0) } == [nil, 0, 0, 1, 1, 2, 2, 3, 3])
        #expect(ring.events(from: 1, atMost: 10)?.map(\.version) == [9, 12])
        #expect(ring.events(from: 1, atMost: 1)?.map(\.version) == [9])
        #expect(ring.events(from: 3, atMost: 1)?.isEmpty ?? false)
    }

    @Test func `beyond its limits the oldest fall off, and nobody may start there`() throws {
        var ring = EventRing(start: 0)
        for version in 1...50 { ring.append(try event(version), .init(events: 20, bytes: 1 << 20)) }
        #expect((ring.first, ring.next, ring.start) == (30, 50, 30))
        #expect(ring.number(after: 29) == nil && ring.number(after: 30) == 30)
        #expect(ring.events(from: 29, atMost: 1) == nil)
        #expect(ring[30]?.version == 31 && ring[29] == nil)
        let size = try event(1, previous: true).oldBytes
        var small = EventRing(start: 0)
        for version in 1...50 { small.append(try event(version, previous: true), .init(events: 20, bytes: 3 * size)) }
        #expect(small.next - small.first == 3)
        for version in 51...52 { small.append(try event(version, previous: true), .init(events: 20, bytes: 1)) }
        #expect(small.next - small.first == 1)
    }

    @Test func `a rendering is made once, and given back when nobody is near any more`() throws {
        let event = try event(1)
        var made = 0
        for _ in 0..<5 {
            #expect(
                event.rendering("object") { () -> Int in
                    made += 1
                    return 7
                } == 7)
        }
        #expect(made == 1)
        var ring = EventRing(start: 0)
        ring.append(event, .init(events: 1_000, bytes: 1 << 20))
        for version in 2...300 { ring.append(try self.event(version), .init(events: 1_000, bytes: 1 << 20)) }
        #expect(event.rendering("object") { 8 } == 8)
    }
}
