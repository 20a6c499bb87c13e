import DataPlaneAPI
import HTTPKit
import NIOCore

/// What is sent to an origin for a client's request: how it differs from what the client sent, and within which bounds.
package struct OutgoingRequest {
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

    /// What is common to all requests to the origin.
    package let rules: ForwardingRules
    /// The method; nil for the client's.
    package var method: Method?
    /// Path and query; nil for the client's.
    package var target: [UInt8]?
    /// The `Authorization` field; only where the client's doesn't pass.
    package var authorization: [UInt8]?
    /// The `Cookie` field; only where the client's doesn't pass.
    package var cookie: [UInt8]?
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
    /// For the answer's head, seconds; nil for what the rules say.
    package var responseSeconds: Int?
    /// Decides about an answer by its head; nil lets every answer go on as it came.
    package var answer: ((ResponseHead) -> Answer)?

    /// A request that goes on as it came, but for what the rules say.
    package init(_ rules: ForwardingRules, method: Method? = nil, target: [UInt8]? = nil) {
        self.rules = rules
        self.method = method
        self.target = target
        requestLimit = rules.requestLimit
        responseLimit = rules.responseLimit
    }

    /// The method by which the answer is read.
    func readsAs(_ client: HTTPMethod) -> HTTPMethod {
        switch method {
        case .get: .get
        case .post: .post
        case nil: client
        }
    }

    /// Whether a client's field of a name is left out.
    func drops(_ name: UnsafeRawBufferPointer) -> Bool {
        replaced.contains(name) || rules.replaced.contains(name) || rules.drops?(name) == true
    }

    /// Whether there are fields that are left out by their names.
    var dropsByName: Bool { !replaced.isEmpty || !rules.replaced.isEmpty || rules.drops != nil }
}
