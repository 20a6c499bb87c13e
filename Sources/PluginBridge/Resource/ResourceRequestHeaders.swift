import HTTPKit
import PluginProtocol
import RPC

/// The headers of a resource call: the client's end-to-end fields in Go's canonical case, without what belongs to one
/// hop, to Grafana's own sessions or to the browser's view of the site.
package enum ResourceRequestHeaders {
    /// Never forwarded, by lower-case name.
    ///
    /// Plugin SDKs and plugins trust most of these because in Grafana only its server can set them.
    private static let dropped: [StaticString] = [
        "user-agent", "referer", "fromalert", "x-id-token", "x-access-token", "x-ds-authorization", "x-jwt-assertion",
    ]

    /// The headers for the plugin.
    static func forwarded(_ exchange: Exchange, _ forwarding: HeaderForwarding) -> [PluginHeader] {
        let headers = exchange.request.headers
        let hopByHop = ConnectionOptions(headers)
        var found: [PluginHeader] = []
        found.reserveCapacity(headers.fields.count)
        for field in headers.fields {
            var value: [UInt8]?
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .te, .trailer,
                .transferEncoding, .upgrade, .contentLength, .expect, .host, .forwarded, .identity, .pageOrigin,
                .xRealIP:
                continue
            case .authorization:
                guard forwarding.passesAuthorization else { continue }
            case .cookie:
                guard let kept = headers.withValue(field, forwarding.cookies) else { continue }
                value = kept
            default:
                if headers.withName(field, { isDropped($0) || hopByHop.contains($0) }) { continue }
            }
            let name = headers.withName(field, canonical)
            let bytes = value ?? headers.withValue(field) { Array($0) }
            if let known = found.firstIndex(where: { $0.name == name }) {
                found[known].values.append(bytes)
            } else {
                found.append(PluginHeader(name: name, values: [bytes]))
            }
        }
        if !exchange.peer.address.isEmpty { found.append(PluginHeader("X-Forwarded-For", exchange.peer.address)) }
        if let referer = headers.firstValue(named: "referer") {
            found.append(PluginHeader("X-Grafana-Referer", referer))
        }
        return found
    }

    /// Whether a field is Grafana's own, or says which page or program made the request.
    package static func isDropped(_ name: UnsafeRawBufferPointer) -> Bool {
        switch name.first.map({ $0 | 0x20 }) {
        case UInt8(ascii: "f"), UInt8(ascii: "u"), UInt8(ascii: "r"):
            return dropped.contains { name.equals($0) }
        case UInt8(ascii: "x"):
            if name.hasPrefix("x-forwarded-") { return true }
            // Who asks, capture switches and the like; the organisation's number is the one that says nothing secret.
            if name.hasPrefix("x-grafana-") { return !name.equalsIgnoringCase("x-grafana-org-id") }
            return dropped.contains { name.equals($0) }
        default:
            return false
        }
    }

    /// Go's canonical form: an upper-case letter at the start and after each hyphen, the others lower case.
    static func canonical(_ name: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: name.count) { out in
            var startsWord = true
            for index in 0..<name.count {
                var byte = name[index]
                if startsWord, byte &- 0x61 < 26 {
                    byte &-= 0x20
                } else if !startsWord, byte &- 0x41 < 26 {
                    byte |= 0x20
                }
                startsWord = byte == UInt8(ascii: "-")
                out[index] = byte
            }
            return name.count
        }
    }
}
