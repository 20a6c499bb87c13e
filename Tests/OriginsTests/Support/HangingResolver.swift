import Dispatch
import NIOCore
import Synchronization

@testable import HTTPKit
@testable import Origins

/// A resolver whose name server drops packets: names hang until it is told to let go, but for those that it knows.
final class HangingResolver: Sendable {
    private let known: Mutex<[String: SocketAddress]>
    private let gate = DispatchSemaphore(value: 0)
    private let asked = Mutex<[String]>([])
    private let isOpen = Atomic<Bool>(false)

    init(_ known: [String: SocketAddress] = [:]) {
        self.known = Mutex(known)
    }

    /// Gives a name another address.
    func move(_ name: String, to address: SocketAddress) { known.withLock { $0[name] = address } }

    /// The names that were looked up, in order.
    var names: [String] { asked.withLock { $0 } }

    @Sendable func lookUp(_ host: String) -> LookUpAnswer {
        asked.withLock { $0.append(host) }
        if let address = known.withLock({ $0[host] }) { return .found([address]) }
        if !isOpen.load(ordering: .acquiring) {
            gate.wait()
            gate.signal()
        }
        return .unknown("Temporary failure in name resolution")
    }

    /// Lets all look-ups that hang, and later ones, come back.
    func letGo() {
        isOpen.store(true, ordering: .releasing)
        gate.signal()
    }
}

extension Dialer {
    /// A dialer for tests.
    static func test(_ lookUp: @escaping NameService.LookUp = SystemResolver.lookUp) -> Dialer {
        Dialer(names: NameService(lookUp: lookUp), contexts: TLSContexts(.forTests), work: .forTests)
    }
}

extension SideWork {
    /// Threads that all tests share, for as long as the process lives.
    static let forTests = SideWork(threads: 2)
}
