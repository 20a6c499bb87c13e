import NIOCore
import RPC

/// Ends calls of one loop whose answers don't fit into the memory budget while they are being received.
///
/// Bound to the loop. It looks while calls are under way: now and then, and often while much memory is in use.
package final class MemoryWatch {
    /// After calls were ended: until their memory is free, milliseconds.
    private static let settling = 5

    private let loop: any EventLoop
    private let calls: GRPCCallList
    private let budget: MemoryBudget
    private let rule: ReceiveRule
    private let place: Int

    /// A watch for the calls of a loop; nil for a budget that doesn't measure.
    package init?(_ loop: any EventLoop, _ plugins: LoopPlugins, _ budget: MemoryBudget) {
        guard budget.measures, let calls = plugins.completions.calls else { return nil }
        self.loop = loop
        self.calls = calls
        self.budget = budget
        rule = ReceiveRule(limit: budget.limit)
        place = budget.addWatch()
        calls.watch { [weak self, rule] in self?.look(in: rule.pause(pressure: 0, isReceiving: false)) }
    }

    private func look(in milliseconds: Int) {
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) { [weak self] in self?.look() }
    }

    private func look() {
        guard !calls.isEmpty else {
            _ = budget.report(place, receiving: 0)
            return calls.rest()
        }
        let pressure = budget.pressure
        guard pressure > budget.limit / 4 else {
            _ = budget.report(place, receiving: 0)
            return look(in: rule.pause(pressure: pressure, isReceiving: false))
        }
        look(in: end(pressure))
    }

    /// Ends what is too much; gives the milliseconds until the next look.
    private func end(_ pressure: Int) -> Int {
        // Beyond the limit nobody is spared.
        let own = calls.count(.firstMessage, grace: pressure > budget.limit ? 0 : rule.grace)
        let (others, isFirst) = budget.report(place, receiving: own)
        let ended: [GRPCCall]
        if own + others > 0 {
            ended = calls.newest(
                rule.excess(pressure: pressure, own: own, others: others, isFirst: isFirst), .firstMessage)
        } else {
            ended = calls.newest(
                rule.excess(pressure: pressure, held: budget.inUse, streams: calls.count(.laterMessage)),
                .laterMessage)
        }
        let error = budget.ending(pressure: pressure, isAlone: own + others == 1)
        for call in ended { call.end(error) }
        return ended.isEmpty ? rule.pause(pressure: pressure, isReceiving: own > 0) : Self.settling
    }
}
