import DataPlaneAPI
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#endif

/// Looks a host name up once for one connection and lets only allowed addresses be dialled.
///
/// What it returns is what is connected to, so a name can't change its meaning between check and use.
final class GuardedResolver: Resolver, Sendable {
    private let loop: any EventLoop
    private let policy: AddressPolicy
    private let threads: NIOThreadPool
    private let subject: String
    private let four: EventLoopPromise<[SocketAddress]>
    private let six: EventLoopPromise<[SocketAddress]>

    init(
        loop: any EventLoop, policy: AddressPolicy, threads: NIOThreadPool, subject: String = "the data source"
    ) {
        self.subject = subject
        self.loop = loop
        self.policy = policy
        self.threads = threads
        four = loop.makePromise()
        six = loop.makePromise()
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        // The connector asks for both kinds, this one first; one lookup answers both.
        let (policy, subject) = (policy, subject)
        if let literal = try? SocketAddress(ipAddress: host, port: port) {
            finish(Result { try Self.allowed([literal], policy, host, subject) })
            return six.futureResult
        }
        threads.runIfActive(eventLoop: loop) {
            try Self.allowed(try Self.lookUp(host, port), policy, host, subject)
        }.whenComplete(finish)
        return six.futureResult
    }

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { four.futureResult }

    /// A look-up that runs can't be stopped; nobody waits for it any more.
    func cancelQueries() {}

    private func finish(_ result: Result<[SocketAddress], any Error>) {
        switch result {
        case .success(let found):
            six.succeed(found.filter { $0.protocol == .inet6 })
            four.succeed(found.filter { $0.protocol == .inet })
        case .failure(let error):
            six.fail(error)
            four.fail(error)
        }
    }

    /// The addresses that may be dialled.
    ///
    /// - Throws: 403 when there are only others.
    static func allowed(
        _ found: [SocketAddress], _ policy: AddressPolicy, _ host: String, _ subject: String = "the data source"
    ) throws(GatewayError) -> [SocketAddress] {
        var why: String?
        let allowed = found.filter { address in
            guard let fault = policy.fault(address) else { return true }
            why = why ?? fault
            return false
        }
        if allowed.isEmpty, let why {
            throw GatewayError(
                .forbidden, "\(subject) may not be reached: its host is \(why)", cause: "refused to dial \(host)")
        }
        return allowed
    }

    private static func lookUp(_ host: String, _ port: Int) throws(GatewayError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, nil, &hints, &list)
        guard result == 0 else {
            throw GatewayError(
                .badGateway, "the host name \(host) does not resolve: \(String(cString: gai_strerror(result)))",
                source: .upstream, retryAfterSeconds: 1)
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr else { continue }
            let place = UnsafeRawPointer(address)
            switch entry.ai_family {
            case AF_INET where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
                found.append(SocketAddress(place.loadUnaligned(as: sockaddr_in.self)))
            case AF_INET6 where Int(entry.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
                found.append(SocketAddress(place.loadUnaligned(as: sockaddr_in6.self)))
            default: continue
            }
        }
        return found.map { address in
            var address = address
            address.port = port
            return address
        }
    }
}
