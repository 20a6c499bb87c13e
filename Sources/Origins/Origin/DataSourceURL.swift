import Bytes
import DataPlaneAPI

/// The URL of a data source or of a route in plugin.json.
package struct DataSourceURL: Sendable, Hashable {
    /// Whether it is https.
    package let isTLS: Bool
    /// Host name or IP address, without brackets.
    package let host: String
    /// The TCP port.
    package let port: Int
    /// The path as written; empty without one.
    package let path: String
    /// The query as written, without its question mark, for token endpoints; empty without one.
    package let query: String

    /// Reads `[http[s]://]host[:port][/path]`; without a scheme it is http, as in Grafana.
    ///
    /// A fragment doesn't count. A user in it is refused: it would be shown where URLs are shown.
    ///
    /// - Throws: 400 with Grafana's words.
    package init(_ text: String) throws(GatewayError) {
        func fault(_ why: String) -> GatewayError {
            GatewayError(.badRequest, "Invalid data source URL: \(why)", source: .gateway)
        }
        guard !text.isEmpty else { throw fault("it is empty") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw fault("it has blanks, backslashes or characters beyond ASCII; write those with percent escapes")
        }
        let url = URLText(text)
        let scheme = url.scheme?.lowercased() ?? "http"
        guard scheme == "http" || scheme == "https" else { throw fault("the scheme must be http or https") }
        isTLS = scheme == "https"
        query = String(url.query ?? "")
        path = String(url.path)
        guard !url.authority.hasUser else {
            throw fault("it has a user; set basicAuth, basicAuthUser and secureJsonData.basicAuthPassword instead")
        }
        if let why = url.authority.fault { throw fault(Self.message(why)) }
        host = String(url.authority.host)
        // A colon without a number is no fault for Go.
        let usual = isTLS ? 443 : 80
        guard let port = url.authority.port == .empty ? usual : url.authority.port(or: usual) else {
            throw fault("the port must be a number from 1 to 65535")
        }
        self.port = port
    }

    private static func message(_ fault: URLAuthority.Fault) -> String {
        switch fault {
        case .noHost: "the host is missing"
        case .badName: "the host is not valid"
        case .openBracket: "the bracket is not closed"
        case .textAfterBracket: "the port is not valid"
        case .noAddress: "the brackets hold no IPv6 address"
        }
    }

    /// Who is connected to.
    package var origin: Origin { Origin(host: host, port: port) }

    /// The `Host` field; the scheme's own port is left out.
    package var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Path and query as a request's target.
    package var target: [UInt8] {
        (path.isEmpty ? [UInt8(ascii: "/")] : Array(path.utf8)) + (query.isEmpty ? [] : Array("?\(query)".utf8))
    }

    /// Two paths with exactly one slash between them; an empty second one adds nothing.
    package static func join(_ base: some Collection<UInt8>, _ rest: some Collection<UInt8>) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        var joined = Array(base)
        if rest.isEmpty {
            return joined.isEmpty ? [slash] : joined
        }
        if joined.last == slash { joined.removeLast() }
        if rest.first != slash { joined.append(slash) }
        return joined + rest
    }
}
