import HTTPKit

/// Writes the fields of an origin's answer for the client: the end-to-end ones.
///
/// Of another site than the upstream no cookie passes, which would be the gateway's own, nor what is replaced.
enum AnswerFields {
    static func write(_ head: ResponseHead, _ rules: ForwardingRules, into out: inout FieldWriter) {
        let headers = head.headers
        let isUpstream = rules.isUpstream
        let named = ConnectionOptions(headers)
        out.copy(headers) { field in
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .contentLength, .te: return false
            // What both ends agree on passes.
            case .upgrade: return head.status == 101
            case .setCookie where !isUpstream: return false
            default: break
            }
            guard head.status == 101 || !named.contains(headers, field) else { return false }
            return rules.replacedInAnswer.isEmpty || !headers.withName(field) { rules.replacedInAnswer.contains($0) }
        }
        out.add(rules.answerFields)
    }
}
