import HTTPKit
import NIOCore
import Testing

@testable import PluginBridge

/// What clients get that join a stream, or come again.
struct StreamJournalTests {
    private func packet(_ text: String) throws -> StreamPacket {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { try StreamPacket($0) }
    }

    /// A journal that keeps three messages, after some packets.
    private func journal(_ packets: [String]) throws -> StreamJournal {
        var journal = StreamJournal(epoch: "e", messages: 3, bytes: 1000)
        for text in packets { _ = journal.append(try packet(text), formats: [.lines]) }
        return journal
    }

    private func message(_ number: UInt64, size: Int = 10) -> StreamMessage {
        StreamMessage(ByteBuffer(repeating: 0x30, count: size), number: number, id: nil, isFull: false, formats: [])
    }

    @Test func `the ring keeps the newest messages for those that come again`() {
        var ring = ReplayRing(messages: 3, bytes: 1000)
        for number in 1...5 { ring.append(message(UInt64(number))) }
        func after(_ number: UInt64) -> (numbers: [UInt64], missed: UInt64) {
            let found = ring.after(number, last: 5)
            return (found.messages.map(\.number), found.missed)
        }
        #expect(after(5) == ([], 0))
        #expect(after(3) == ([4, 5], 0))
        #expect(after(2) == ([3, 4, 5], 0))
        #expect(after(0) == ([3, 4, 5], 2))
        ring.append(message(6, size: 2000))
        #expect(ring.after(5, last: 6).messages.isEmpty && ring.after(5, last: 6).missed == 1)
    }

    @Test func `messages are numbered, and a new client begins after the newest`() throws {
        var journal = try journal(["1", "2"])
        #expect(journal.append(try packet("3"), formats: []).number == 3)
        let welcome = journal.welcome(7, lastEventID: nil)
        #expect(welcome.feed == 7 && welcome.lastID == "e-3" && welcome.messages.isEmpty && !welcome.isResumed)
    }

    @Test func `a client of this life goes on where it was, one of another begins anew`() throws {
        var journal = try journal(["1", "2", "3", "4", "5"])
        let resumed = journal.welcome(1, lastEventID: "e-3")
        #expect(resumed.isResumed && resumed.missed == 0 && resumed.messages.map(\.number) == [4, 5])
        let gap = journal.welcome(1, lastEventID: "e-0")
        #expect(gap.isResumed && gap.missed == 2 && gap.messages.map(\.number) == [3, 4, 5])
        for id in ["f-3", "e-6", "e-", "e", "-3", "e-3-1", "e--1", "e-99999999999999999999"] {
            #expect(!journal.welcome(1, lastEventID: id).isResumed, "\(id)")
        }
    }

    @Test func `the newest schema comes along where it is missing`() throws {
        var early = try journal([#"{"schema":1}"#, "2", "3", "4", "5"])
        #expect(early.welcome(1, lastEventID: nil).full?.number == 1)
        // It was seen, or nothing was missed.
        #expect(early.welcome(1, lastEventID: "e-1").full == nil)
        #expect(early.welcome(1, lastEventID: "e-4").full == nil)
        #expect(early.welcome(1, lastEventID: "e-0").full?.number == 1)
        var late = try journal(["1", "2", "3", #"{"schema":1}"#, "5"])
        // It comes with the others.
        #expect(late.welcome(1, lastEventID: "e-0").full == nil)
        let text = try #require(late.welcome(1, lastEventID: nil).full?.part(.lines).bytes)
        #expect(String(buffer: text) == #"{"type":"data","data":{"schema":1}}"# + "\n")
    }

    @Test func `the audience knows loops and formats`() {
        var audience = StreamAudience()
        audience.add(loop: 1, .lines)
        audience.add(loop: 1, .lines)
        audience.add(loop: 2, .events)
        #expect(audience.formats == [.lines, .events] && Set(audience.places) == [1, 2])
        #expect(audience.remove(loop: 1, .lines) == (true, true))
        #expect(audience.remove(loop: 1, .events) == (false, true))
        #expect(audience.remove(loop: 1, .lines) == (true, false))
        #expect(audience.remove(loop: 1, .lines) == (false, false))
        #expect(audience.formats == [.events] && Set(audience.places) == [2])
    }
}
