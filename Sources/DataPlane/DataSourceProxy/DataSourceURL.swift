import DataPlaneAPI
import HTTPKit

/// The URL of a data source or of a route in plugin.json.
struct DataSourceURL: Sendable, Hashable {
    /// Whether it is https.
    let isTLS: Bool
    /// Host name or IP address, without brackets.
    let host: String
    /// The TCP port.
    let port: Int
    /// The path as written; empty without one.
    let path: String
    /// The query as written, without its question mark, for token endpoints; empty without one.
    let query: String

    /// Reads `[http[s]://]host[:port][/path]`; without a scheme it is http, as in Grafana.
    ///
    /// A fragment doesn't count. A user in it is refused: it would be shown where URLs are shown.
    ///
    /// - Throws: 400 with Grafana's words.
    init(_ text: String) throws(GatewayError) {
        func fault(_ why: String) -> GatewayError {
            GatewayError(.badRequest, "Invalid data source URL: \(why)", source: .gateway)
        }
        guard !text.isEmpty else { throw fault("it is empty") }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw fault("it has blanks, backslashes or characters beyond ASCII; write those with percent escapes")
        }
        var rest = text[...]
        var scheme = "http"
        if let end = rest.firstRange(of: "://") {
            scheme = rest[..<end.lowerBound].lowercased()
            rest = rest[end.upperBound...]
        }
        guard scheme == "http" || scheme == "https" else { throw fault("the scheme must be http or https") }
        isTLS = scheme == "https"
        rest = rest.prefix { $0 != "#" }
        query = String(rest.drop { $0 != "?" }.dropFirst())
        rest = rest.prefix { $0 != "?" }
        let authority = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(authority.count))
        guard !authority.contains("@") else {
            throw fault("it has a user; set basicAuth, basicAuthUser and secureJsonData.basicAuthPassword instead")
        }
        let name: Substring
        var tail: Substring
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { throw fault("the bracket is not closed") }
            name = authority[..<close].dropFirst()
            tail = authority[close...].dropFirst()
            guard name.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                throw fault("the brackets hold no IPv6 address")
            }
        } else {
            name = authority.prefix { $0 != ":" }
            tail = authority.dropFirst(name.count)
            guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" || $0 == "_" }) else {
                throw fault("the host is not valid")
            }
        }
        guard !name.isEmpty else { throw fault("the host is missing") }
        host = String(name)
        if tail.first == ":" { tail = tail.dropFirst() } else if !tail.isEmpty { throw fault("the port is not valid") }
        if tail.isEmpty {
            port = isTLS ? 443 : 80
        } else {
            guard tail.allSatisfy(\.isNumber), let number = Int(tail), (1...65535).contains(number) else {
                throw fault("the port must be a number from 1 to 65535")
            }
            port = number
        }
    }

    /// Who is connected to.
    var endpoint: UpstreamEndpoint { UpstreamEndpoint(host: host, port: port) }

    /// The `Host` field; the scheme's own port is left out.
    var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isTLS ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Path and query as a request's target.
    var target: [UInt8] {
        (path.isEmpty ? [UInt8(ascii: "/")] : Array(path.utf8)) + (query.isEmpty ? [] : Array("?\(query)".utf8))
    }

    /// Two paths with exactly one slash between them; an empty second one adds nothing.
    static func join(_ base: some Collection<UInt8>, _ rest: some Collection<UInt8>) -> [UInt8] {
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
