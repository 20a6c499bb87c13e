import DataPlaneAPI

/// The HTTP server that requests are passed on to.
package struct UpstreamEndpoint: Sendable, Hashable {
    /// Host name or IP address.
    package var host: String
    /// TCP port.
    package var port: Int

    /// An endpoint.
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `http://host[:port]`; a path is refused, because what goes on keeps the path it came with.
    ///
    /// - Parameters:
    ///   - url: the setting's value.
    ///   - setting: the setting's name, for errors.
    package init(url: String, setting: String) throws(GatewayError) {
        func fault(_ why: String) -> GatewayError {
            GatewayError(.badRequest, "\(setting): \(why); write it as http://HOST:PORT (got \"\(url)\")")
        }
        guard !url.lowercased().hasPrefix("https://") else {
            throw fault("an https upstream is not supported yet, put the gateway next to the upstream and use http")
        }
        guard url.lowercased().hasPrefix("http://") else { throw fault("the URL must begin with http://") }
        var rest = url.dropFirst(7)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard !rest.isEmpty, !rest.contains("/"), !rest.contains("?"), !rest.contains("@"), !rest.contains("#") else {
            throw fault("only a host and a port may follow")
        }
        if rest.hasPrefix("["), let close = rest.firstIndex(of: "]") {
            host = String(rest[rest.index(after: rest.startIndex)..<close])
            rest = rest[rest.index(after: close)...]
        } else {
            let colon = rest.firstIndex(of: ":") ?? rest.endIndex
            host = String(rest[..<colon])
            rest = rest[colon...]
        }
        guard !host.isEmpty else { throw fault("the host is missing") }
        if rest.isEmpty {
            port = 80
        } else {
            guard rest.hasPrefix(":"), let number = Int(rest.dropFirst()), (1...65535).contains(number) else {
                throw fault("the port must be a number from 1 to 65535")
            }
            port = number
        }
    }

    /// `host:port` for messages.
    package var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// How long the parts of an upstream request may take.
package struct UpstreamTimeouts: Sendable {
    /// For the TCP connection, in milliseconds.
    package var connectMS = 5_000
    /// For the answer's head, in seconds, from the request's last byte on; 0 for no limit.
    package var responseSeconds = 300
    /// For an idle connection in the pool, in seconds.
    package var idleSeconds = 55
    /// For `100 Continue`, in milliseconds, before the body is sent without it.
    package var continueMS = 1_000

    /// The default time-outs.
    package init() {}
}
