/// Why a WebSocket ends (RFC 6455 section 7.4).
package struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    /// The number on the wire.
    package let rawValue: UInt16

    /// Any number, also one that may not be sent.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    package static let normal = WebSocketCloseCode(rawValue: 1000)
    package static let goingAway = WebSocketCloseCode(rawValue: 1001)
    package static let protocolError = WebSocketCloseCode(rawValue: 1002)
    package static let unsupportedData = WebSocketCloseCode(rawValue: 1003)
    package static let invalidPayload = WebSocketCloseCode(rawValue: 1007)
    package static let policyViolation = WebSocketCloseCode(rawValue: 1008)
    package static let messageTooBig = WebSocketCloseCode(rawValue: 1009)
    package static let internalError = WebSocketCloseCode(rawValue: 1011)
    package static let tryAgainLater = WebSocketCloseCode(rawValue: 1013)

    /// Whether a close frame may carry it: those of the RFC and of its registry, and the ranges of libraries and
    /// applications; 1004 to 1006 and 1015 only stand for what no frame said.
    package var maySend: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
