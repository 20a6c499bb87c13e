/// Writes the fields of an upstream's answer for the client: all but the hop-by-hop ones.
enum ForwardedResponse {
    static func writeFields(_ head: ResponseHead, into out: inout FieldWriter) {
        let headers = head.headers
        let named = ConnectionOptions(headers)
        out.copy(headers) { field in
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .contentLength, .te: false
            // What both ends agree on passes.
            case .upgrade: head.status == 101
            default: head.status == 101 || !named.contains(headers, field)
            }
        }
    }
}
