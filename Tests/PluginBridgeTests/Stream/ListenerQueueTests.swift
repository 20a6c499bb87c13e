import HTTPKit
import NIOCore
import Testing

@testable import PluginBridge

/// The rule for slow clients.
struct ListenerQueueTests {
    private func message(_ number: UInt64, isFull: Bool = false, size: Int = 10) -> StreamMessage {
        StreamMessage(
            ByteBuffer(repeating: 0x30, count: size), number: number, id: nil, isFull: isFull, formats: [])
    }

    /// Everything in a queue: numbers of messages, and counts of dropped ones as negative numbers.
    private func drain(_ queue: inout ListenerQueue) -> [Int] {
        var all: [Int] = []
        while let next = queue.next() {
            switch next {
            case .dropped(let count): all.append(-count)
            case .message(let message): all.append(Int(message.number))
            }
        }
        return all
    }

    @Test func `what fits comes in order`() {
        var queue = ListenerQueue(messages: 4, bytes: 1000, dropLimit: 100)
        for number in 1...4 { #expect(queue.offer(message(UInt64(number))) == true) }
        #expect(!queue.isEmpty && !queue.isBehind)
        #expect(drain(&queue) == [1, 2, 3, 4])
        #expect(queue.isEmpty)
    }

    @Test func `the oldest are dropped and the client is told how many`() {
        var queue = ListenerQueue(messages: 3, bytes: 1000, dropLimit: 100)
        for number in 1...10 { #expect(queue.offer(message(UInt64(number))) == true) }
        #expect(queue.isBehind)
        #expect(drain(&queue) == [-7, 8, 9, 10])
        #expect(!queue.isBehind)
    }

    @Test func `bytes are bounded as well, but one message always fits`() {
        var queue = ListenerQueue(messages: 100, bytes: 25, dropLimit: 100)
        for number in 1...4 { #expect(queue.offer(message(UInt64(number))) == true) }
        #expect(queue.offer(message(5, size: 5000)) == true)
        #expect(drain(&queue) == [-4, 5])
    }

    @Test func `the newest schema survives, unless a newer one follows`() {
        var queue = ListenerQueue(messages: 2, bytes: 1000, dropLimit: 100)
        for number in 1...6 {
            #expect(queue.offer(message(UInt64(number), isFull: number == 1 || number == 3)) == true)
        }
        #expect(drain(&queue) == [-3, 3, 5, 6])
        for number in 1...4 {
            #expect(queue.offer(message(UInt64(number), isFull: number == 1 || number == 3)) == true)
        }
        #expect(drain(&queue) == [-2, 3, 4])
    }

    @Test func `a client that lost too much shall go, one that caught up begins anew`() {
        var queue = ListenerQueue(messages: 1, bytes: 1000, dropLimit: 3)
        for number in 1...4 { #expect(queue.offer(message(UInt64(number))) == true) }
        #expect(drain(&queue) == [-3, 4])
        for number in 5...8 { #expect(queue.offer(message(UInt64(number))) == true) }
        let mayStay = queue.offer(message(9))
        #expect(!mayStay)
    }

    @Test func `a loop that lags behind holds the plugin back until it reports`() {
        var window = FanOutWindow()
        window.add(loop: 1)
        window.send(number: FanOutWindow.messages - 1, total: 10)
        #expect(window.isOpen)
        window.send(number: FanOutWindow.messages, total: 10)
        #expect(!window.isOpen)
        window.report(loop: 1, number: 1, total: 1)
        #expect(window.isOpen)
        window.send(number: FanOutWindow.messages, total: FanOutWindow.bytes + 1)
        #expect(!window.isOpen)
        window.remove(loop: 1)
        #expect(window.isOpen)
    }
}
