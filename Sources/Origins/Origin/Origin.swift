import Bytes
import DataPlaneAPI

/// An HTTP server that requests are sent to: where it is, and how it is spoken to.
package struct Origin: Sendable, Hashable {
    /// Host name or IP address.
    package var host: String
    /// TCP port.
    package var port: Int
    /// The path of a Unix socket, in place of host and port; nil for TCP.
    package var socket: String?
    /// The path that the server lies below, with a slash at its beginning and none at its end; empty for the root.
    ///
    /// It is one that clients send too: nothing that goes on is changed by it.
    package var basePath = ""
    /// TLS; nil for plain TCP.
    package var tls: TLSClientSettings?

    /// An origin.
    package init(host: String, port: Int, tls: TLSClientSettings? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// The name that it is called by where nobody else says one: what stands in `Host`.
    package var authority: String {
        guard socket == nil else { return "localhost" }
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (tls == nil ? 80 : 443) ? name : "\(name):\(port)"
    }

    /// Reads `http://host[:port][/path]`, the same with https, or `unix:/socket[:/path]`.
    ///
    /// - Parameters:
    ///   - url: the setting's value.
    ///   - setting: the setting's name, for errors.
    package init(url: String, setting: String) throws(GatewayError) {
        func fault(_ why: String) -> GatewayError {
            GatewayError(
                .badRequest,
                "\(setting): \(why); write it as http://HOST:PORT, https://HOST:PORT, http://HOST:PORT/PATH or unix:/SOCKET (got \"\(Self.withoutUser(url))\")"
            )
        }
        if url.lowercased().hasPrefix("unix:") {
            var path = url.dropFirst(5)
            while path.hasPrefix("//") { path = path.dropFirst() }
            let parts = path.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard path.hasPrefix("/"), parts[0].utf8.count > 1, parts[0].utf8.count <= 107 else {
                throw fault("the socket must be an absolute path of at most 107 bytes")
            }
            (host, port, socket) = ("localhost", 0, String(parts[0]))
            guard let base = Self.basePath(parts.count > 1 ? parts[1] : "") else { throw fault(Self.pathFault) }
            basePath = base
            return
        }
        let parts = URLText(url)
        let scheme = parts.scheme?.lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw fault("the URL must begin with http:// or https://")
        }
        let authority = parts.authority
        guard !authority.text.isEmpty, !authority.hasUser, parts.query == nil, parts.fragment == nil else {
            throw fault("only a host, a port and a path may follow")
        }
        guard let base = Self.basePath(parts.path) else { throw fault(Self.pathFault) }
        basePath = base
        if let why = authority.fault {
            throw fault(why == .noHost ? "the host is missing" : "the host is no name and no address")
        }
        guard let port = authority.port(or: scheme == "https" ? 443 : 80) else {
            throw fault("the port must be a number from 1 to 65535")
        }
        host = String(authority.host)
        self.port = port
        guard scheme == "https" else { return }
        var tls = TLSClientSettings()
        tls.words = .upstream
        self.tls = tls
    }

    /// A URL as it may be shown: a user and a password in it are not.
    package static func withoutUser(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return url }
        let start = url.firstRange(of: "://")?.upperBound ?? url.startIndex
        return start <= at ? url[..<start] + "…" + url[at...] : url
    }

    private static let pathFault =
        "the path must be plain: letters, digits and -._~ between single slashes, and none that the gateway owns itself"

    /// The path as it is compared with; nil for one that can be written in more ways than one.
    private static func basePath(_ text: Substring) -> String? {
        var path = text
        if path.hasSuffix("/") { path = path.dropLast() }
        guard !path.isEmpty else { return "" }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), path.utf8.count <= 1024,
            segments.allSatisfy({ segment in
                !segment.isEmpty && segment != "." && segment != ".."
                    && segment.utf8.allSatisfy {
                        ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || "-._~".utf8.contains($0)
                    }
            })
        else { return nil }
        let owned = ["api", "apis", "openapi", "version", "livez", "readyz"]
        return segments.first.map { owned.contains(String($0)) } == true ? nil : String(path)
    }

    /// The address for messages: `host:port`, or the socket, and the path.
    package var text: String {
        if let socket { return "unix:\(socket)\(basePath.isEmpty ? "" : ":\(basePath)")" }
        return (host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)") + basePath
    }

    /// A path of the server's own API, below its base path.
    package func target(_ path: String) -> [UInt8] { Array(basePath.utf8) + Array(path.utf8) }
}
