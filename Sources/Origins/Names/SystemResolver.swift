import DataPlaneAPI
import NIOCore

#if canImport(Glibc)
import Glibc
#endif

/// Asks the system for the addresses of a name.
enum SystemResolver {
    /// `EAI_NODATA`, which glibc hides: the name is there and has no address.
    private static let noData: Int32 = -5

    /// Blocks until the system knows.
    ///
    /// No name server is asked for longer than `/etc/resolv.conf` says, which may be half a minute.
    @Sendable static func lookUp(_ host: String) -> LookUpAnswer {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, nil, &hints, &list)
        guard result == 0 else {
            let why = String(cString: gai_strerror(result))
            return result == EAI_NONAME || result == noData ? .absent(why) : .unknown(why)
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
        return .found(found)
    }
}

/// A thread for something that blocks and can't be stopped; nobody waits for its end, the process's neither.
enum DetachedThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Starts it; gives whether the system had a thread.
    static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
        let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
        defer { attributes.deallocate() }
        guard pthread_attr_init(attributes) == 0 else { return false }
        defer { pthread_attr_destroy(attributes) }
        pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(attributes, 1 << 20)
        let body = Unmanaged.passRetained(Body(run))
        var thread: pthread_t = 0
        let result = pthread_create(
            &thread, attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        if result != 0 { body.release() }
        return result == 0
    }
}
