import DataPlaneAPI
import NIOCore

/// What is common to all requests to one server that isn't the upstream itself.
package final class ProxyRules: Sendable {
    /// What messages call the server, such as `the data source "x"`; clients may not know its address.
    package let name: String
    /// What is special about the server.
    package let manner: Manner
    /// What its time-out is set with, for messages.
    package let timeoutSetting: String
    /// The `Host` field.
    package let host: [UInt8]
    /// Fields that are added to every request.
    package let fields: HeaderBlock
    /// Their names, lower case: what a client sends under them doesn't pass.
    package let replaced: [[UInt8]]
    /// Whether a client's field of a name is left out.
    package let drops: @Sendable (UnsafeRawBufferPointer) -> Bool
    /// Fields that are added to every answer.
    package let answerFields: HeaderBlock
    /// The names of those that don't pass, lower case.
    package let replacedInAnswer: [[UInt8]]
    /// The most bytes of a request's body; nil for any.
    package let requestLimit: Int?
    /// The most bytes of an answer's body; nil for any.
    package let responseLimit: Int?
    /// What that limit is set with, for messages.
    package let responseSetting: String

    /// What kinds of servers differ in.
    package struct Manner: Sendable {
        /// Whether a 401 becomes a 400: it is about the data source's credential, not about the client's.
        package var hidesUnauthorized: Bool
        /// Whether an answer that redirects is refused: a client would carry its credentials to wherever that leads.
        package var refusesRedirects: Bool
        /// Whether the request states the host and the scheme that the client used.
        package var statesOrigin: Bool
        /// What is answered when the server can't be reached.
        package var unreachable: ErrorCode
        /// Whose fault its failures are.
        package var source: GatewayError.Source

        /// A data source, by Grafana's rules.
        package static let dataSource = Manner(
            hidesUnauthorized: true, refusesRedirects: false, statesOrigin: false, unreachable: .badGateway,
            source: .upstream)
        /// A backend of an object, by kube-aggregator's rules.
        package static let backend = Manner(
            hidesUnauthorized: false, refusesRedirects: true, statesOrigin: true, unreachable: .serviceUnavailable,
            source: .backend)
    }

    /// Rules.
    package init(
        name: String, manner: Manner = .dataSource, timeoutSetting: String, host: [UInt8], fields: HeaderBlock,
        replaced: [[UInt8]],
        drops: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool, answerFields: HeaderBlock,
        replacedInAnswer: [[UInt8]], requestLimit: Int? = nil, responseLimit: Int? = nil,
        responseSetting: String = "limits.maxResponseBytes"
    ) {
        self.responseSetting = responseSetting
        self.name = name
        self.manner = manner
        self.timeoutSetting = timeoutSetting
        self.host = host
        self.fields = fields
        self.replaced = replaced
        self.drops = drops
        self.answerFields = answerFields
        self.replacedInAnswer = replacedInAnswer
        self.requestLimit = requestLimit
        self.responseLimit = responseLimit
    }
}

/// How one request differs from what the client sent.
package struct ProxyRewrite {
    /// Path and query.
    package var target: [UInt8]
    /// The `Authorization` field; nil for none.
    package var authorization: [UInt8]?
    /// The `Cookie` field; nil for none.
    package var cookie: [UInt8]?
    /// Fields that are added to this request.
    package var fields: HeaderBlock
    /// Whom `X-Grafana-User` names; nil for no such field.
    package var user: String?
    /// What is common to all requests.
    package var rules: ProxyRules

    /// A rewrite.
    package init(
        target: [UInt8], authorization: [UInt8]? = nil, cookie: [UInt8]? = nil, fields: HeaderBlock = [:],
        rules: ProxyRules
    ) {
        self.target = target
        self.authorization = authorization
        self.cookie = cookie
        self.fields = fields
        self.rules = rules
    }
}

/// Writes heads under a rewrite.
///
/// Of the client's fields those pass that are end-to-end, claim no identity, are no credential, don't say what page or
/// program made the request, and are not replaced.
enum RewrittenRequest {
    static func head(_ exchange: Exchange, _ rewrite: ProxyRewrite, allocator: ByteBufferAllocator) -> ByteBuffer {
        let request = exchange.request
        let headers = request.headers
        let rules = rewrite.rules
        var out = allocator.buffer(
            capacity: headers.storage.count + rewrite.target.count + rules.fields.storage.count + rules.host.count + 256
        )
        request.withMethod { _ = out.writeBytes($0) }
        out.writeInteger(UInt8(ascii: " "))
        out.writeBytes(rewrite.target)
        out.writeStaticString(" HTTP/1.1\r\n")
        var head = FieldWriter(out)
        out = ByteBuffer()
        head.add("Host", bytes: rules.host)
        let named = ConnectionOptions(headers)
        head.copy(headers) { field in
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .upgrade,
                .transferEncoding, .contentLength, .identity, .xForwarded, .xRealIP, .forwarded, .host, .authorization,
                .cookie, .pageOrigin, .secFetchSite, .te, .trailer:
                false
            default:
                !headers.withName(field) { rules.drops($0) || rules.replaced.contains($0) }
                    && !named.contains(headers, field)
            }
        }
        if let authorization = rewrite.authorization { head.add("Authorization", bytes: authorization) }
        if let cookie = rewrite.cookie { head.add("Cookie", bytes: cookie) }
        head.add(rules.fields)
        head.add(rewrite.fields)
        if let user = rewrite.user { head.add("X-Grafana-User", user) }
        if rules.manner.statesOrigin {
            ForwardedRequest.writeOrigin(exchange, into: &head)
        } else if !exchange.peer.address.isEmpty {
            head.add("X-Forwarded-For", exchange.peer.address)
        }
        ForwardedRequest.writeFraming(request, into: &head)
        return head.out
    }

    /// The fields of the answer for the client: end-to-end ones without cookies, which would be the gateway's own.
    static func writeAnswerFields(_ head: ResponseHead, _ rules: ProxyRules, into out: inout FieldWriter) {
        let headers = head.headers
        let named = ConnectionOptions(headers)
        out.copy(headers) { field in
            switch field.known {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .contentLength, .te, .setCookie: false
            case .upgrade where head.status != 101: false
            default:
                !headers.withName(field) { rules.replacedInAnswer.contains($0) } && !named.contains(headers, field)
            }
        }
        out.add(rules.answerFields)
    }
}

extension [[UInt8]] {
    /// Whether a name is one of these lower-case names; case doesn't count, and `_` is the same as `-`.
    func contains(_ name: UnsafeRawBufferPointer) -> Bool {
        contains { wanted in wanted.count == name.count && zip(wanted, name).allSatisfy { fold($0) == fold($1) } }
    }

    private func fold(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte == UInt8(ascii: "_") ? UInt8(ascii: "-") : byte
    }
}
