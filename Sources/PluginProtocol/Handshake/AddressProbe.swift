internal import Glibc

/// Who is at a plugin's address, for messages: gRPC says only that it has no connection.
package enum AddressProbe: Sendable, Equatable {
    /// Nobody listens there; the system's reason.
    case nobody(String)
    /// Connections are made and closed.
    case closes
    /// Connections are made, or wait to be taken, and nothing comes.
    case silent
    /// Something comes.
    case speaks

    /// Connects, and looks a moment later what has become of it; blocks nothing.
    package static func look(_ address: PluginAddress, patience: Duration = .milliseconds(150)) async -> AddressProbe {
        let (descriptor, failure) = connection(address)
        guard descriptor >= 0 else { return .nobody(reason(failure)) }
        defer { close(descriptor) }
        // A full queue of connections that nobody takes.
        if failure == EAGAIN { return .silent }
        if failure != 0, failure != EINPROGRESS { return .nobody(reason(failure)) }
        try? await Task.sleep(for: patience)
        var pending: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &pending, &length) == 0, pending != 0 {
            return pending == ECONNRESET ? .closes : .nobody(reason(pending))
        }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_PEEK))
        if count > 0 { return .speaks }
        if count == 0 { return .closes }
        return errno == EAGAIN || errno == ENOTCONN ? .silent : .closes
    }

    /// What to say of it behind "it printed its address X".
    package var finding: String {
        switch self {
        case .nobody(let reason): "nobody listens there (\(reason))"
        case .closes: "closes every connection there"
        case .silent: "accepts connections there and stays silent"
        case .speaks: "what answers there is no gRPC server of a plugin"
        }
    }

    private static func reason(_ number: Int32) -> String { String(cString: strerror(number)) }

    /// A socket that is being connected, and an errno value or 0.
    private static func connection(_ address: PluginAddress) -> (descriptor: Int32, failure: Int32) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        func open<A>(_ family: Int32, _ place: inout A) -> (Int32, Int32) {
            let descriptor = socket(family, kind, 0)
            guard descriptor >= 0 else { return (-1, errno) }
            let result = withUnsafePointer(to: &place) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<A>.size))
                }
            }
            return (descriptor, result == 0 ? 0 : errno)
        }
        switch address {
        case .unix(let path):
            var place = sockaddr_un()
            place.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            guard bytes.count <= PluginAddress.longestSocketPath else { return (-1, ENAMETOOLONG) }
            withUnsafeMutableBytes(of: &place.sun_path) { $0.copyBytes(from: bytes) }
            return open(AF_UNIX, &place)
        case .tcp(let host, let port) where host.contains(":"):
            var place = sockaddr_in6()
            place.sin6_family = sa_family_t(AF_INET6)
            place.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, host, &place.sin6_addr) == 1 else { return (-1, EINVAL) }
            return open(AF_INET6, &place)
        case .tcp(let host, let port):
            var place = sockaddr_in()
            place.sin_family = sa_family_t(AF_INET)
            place.sin_port = port.bigEndian
            guard inet_pton(AF_INET, host, &place.sin_addr) == 1 else { return (-1, EINVAL) }
            return open(AF_INET, &place)
        }
    }
}
