/// What is known of a body's length before it comes; how its end is told on the wire is the codec's business.
package enum BodyLength: Sendable, Equatable {
    /// There is no body.
    case none
    /// So many bytes.
    case known(Int)
    /// As many as come, possibly with trailers.
    case unknown
}

extension BodyFraming {
    /// The length that the framing tells.
    var bodyLength: BodyLength {
        switch self {
        case .none: .none
        case .length(let length): .known(length)
        case .chunked, .untilClose: .unknown
        }
    }
}

extension RequestHead {
    /// The body that follows.
    package var body: BodyLength { framing.bodyLength }
}

extension ResponseHead {
    /// The body that follows.
    package var body: BodyLength { framing.bodyLength }
}
