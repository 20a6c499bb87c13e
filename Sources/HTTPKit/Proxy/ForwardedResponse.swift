import NIOCore

/// Writes the fields of an upstream's answer for the client: all but the hop-by-hop ones.
enum ForwardedResponse {
    static func writeFields(_ head: ResponseHead, into out: inout ByteBuffer) {
        let headers = head.headers
        let named = ConnectionOptions(headers)
        for field in headers.fields {
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .contentLength, .upgrade, .te:
                continue
            default:
                if named.contains(headers, field) { continue }
                out.copyField(headers, field)
            }
        }
    }

    /// The head of a 101: the upgrade is what both ends agree on, so it passes.
    static func writeUpgradeFields(_ head: ResponseHead, into out: inout ByteBuffer) {
        for field in head.headers.fields {
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .contentLength, .te: continue
            default: out.copyField(head.headers, field)
            }
        }
        out.writeStaticString("Connection: Upgrade\r\n")
    }

    /// An interim answer (103 and the like) as it goes on.
    static func interim(_ head: ResponseHead) -> ByteBuffer {
        var out = ByteBuffer()
        head.withReason { out.writeStatusLine(head.status, $0) }
        writeFields(head, into: &out)
        out.writeStaticString("\r\n")
        return out
    }
}
