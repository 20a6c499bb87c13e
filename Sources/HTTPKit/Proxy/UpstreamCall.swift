import DataPlaneAPI
import NIOCore

/// A request to the upstream's own API in place of what the client asked for, with the client's credentials.
package struct UpstreamCall {
    /// A method that takes the place of the client's.
    package enum Method {
        case get, post

        var text: StaticString {
            switch self {
            case .get: "GET"
            case .post: "POST"
            }
        }
    }

    /// What becomes of an answer.
    package enum Answer {
        /// It goes on as it came.
        case asItCame
        /// Its body is gathered up to a limit and handed over; what is done with it answers the exchange. A larger one
        /// goes on under the given status, or is refused where there is none.
        case gathered(limit: Int, spillsUnder: Int? = nil, (ByteBuffer) -> Void)
    }

    /// The method; nil for the client's.
    package var method: Method?
    /// Path and query.
    package var target: [UInt8]
    /// Fields that are added.
    package var fields = HeaderBlock()
    /// Lower-case names: what a client sends under them doesn't pass.
    package var replaced: [[UInt8]] = []
    /// The body; nil for the client's, which streams.
    package var body: ByteBuffer?
    /// The most bytes of the client's body; nil for any.
    package var requestLimit: Int?
    /// The most bytes of an answer's body; nil for any.
    package var responseLimit: Int?
    /// For the answer's head, seconds; nil for what holds for the upstream.
    package var responseSeconds: Int?
    /// Decides about an answer by its head; nil lets every answer go on as it came.
    package var answer: ((ResponseHead) -> Answer)?

    /// A call.
    package init(method: Method? = nil, target: [UInt8]) {
        self.method = method
        self.target = target
    }

    /// The method by which the answer is read.
    func readsAs(_ client: HTTPMethod) -> HTTPMethod {
        switch method {
        case .get: .get
        case .post: .post
        case nil: client
        }
    }
}

/// How a proxied request differs from what the client sent.
enum ProxyChange {
    /// It goes on as it came.
    case none
    /// It goes to another path of the upstream.
    case call(UpstreamCall)
    /// It goes to another server; what concerns the upstream alone doesn't go along.
    case rewrite(ProxyRewrite)

    var call: UpstreamCall? { if case .call(let call) = self { call } else { nil } }
    var rewrite: ProxyRewrite? { if case .rewrite(let rewrite) = self { rewrite } else { nil } }

    var requestLimit: Int? { call?.requestLimit ?? rewrite?.rules.requestLimit }
    var responseLimit: Int? { call?.responseLimit ?? rewrite?.rules.responseLimit }
}
