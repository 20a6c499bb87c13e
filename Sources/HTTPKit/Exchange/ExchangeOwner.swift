import DataPlaneAPI

/// Whoever has an exchange at the time, and is told what becomes of its client.
///
/// The exchange holds its owner until the owner lets go, or the exchange is over.
package protocol ExchangeOwner: AnyObject {
    /// The client went away before the answer was complete, or the answer was given up; nothing may be written any more,
    /// and nothing more is told.
    func exchangeAborted()
    /// The client takes more bytes after `isWritable` was false.
    func exchangeWritable()
}

extension ExchangeOwner {
    package func exchangeWritable() {}
}

/// The owner of an exchange for which something goes on that is given up with it.
package final class AbandonedWork: ExchangeOwner {
    private let stop: () -> Void

    /// - Parameter stop: gives the work up.
    package init(_ stop: @escaping () -> Void) { self.stop = stop }

    package func exchangeAborted() { stop() }
}

extension Exchange {
    /// Makes somebody the owner; whoever was before hears nothing more.
    package func take(_ owner: any ExchangeOwner) {
        self.owner = owner
        borrower = nil
    }

    /// Lets a part of the answer hear in the owner's place when more can be written; of an abort both hear, the part first.
    package func lend(to part: any ExchangeOwner) { borrower = part }

    /// The part is done, the owner goes on.
    package func giveBack() { borrower = nil }

    /// Nobody is told anything any more.
    package func letGo() {
        owner = nil
        borrower = nil
    }

    /// The client takes more.
    func writable() { (borrower ?? owner)?.exchangeWritable() }

    /// The answer can't be completed.
    func aborted() {
        let (part, owner) = (borrower, owner)
        letGo()
        part?.exchangeAborted()
        owner?.exchangeAborted()
    }

    /// Gives up what goes on for the exchange and answers with an error.
    package func fail(_ error: GatewayError) {
        aborted()
        respond(error)
    }
}
