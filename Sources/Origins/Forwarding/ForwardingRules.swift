import DataPlaneAPI
import HTTPKit

/// What is common to all requests to one origin; made when routes are published.
package final class ForwardingRules: Sendable {
    /// What messages call the origin, such as `the data source "x"`; clients may not know its address.
    package let name: String
    /// How its errors are told.
    package let faults: OriginFaults
    /// For an answer's head, seconds, from the request's last byte on; 0 for no limit.
    package let responseSeconds: Int
    /// The `Host` field of an origin that is another site than ours; nil for the upstream, to which what is the client's
    /// goes on: its `Host`, its credentials, the page that it comes from, interim answers and cookies back.
    package let host: [UInt8]?
    /// Whether requests state the host and the scheme that the client used.
    package let statesClient: Bool
    /// Fields that are added to every request.
    package let fields: HeaderBlock
    /// Lower-case names: what a client sends under them doesn't pass.
    package let replaced: [[UInt8]]
    /// Whether a client's field of a name is left out; nil for no more than `replaced`.
    package let drops: (@Sendable (UnsafeRawBufferPointer) -> Bool)?
    /// Fields that are added to every answer.
    package let answerFields: HeaderBlock
    /// The names of those that don't pass, lower case.
    package let replacedInAnswer: [[UInt8]]
    /// The most bytes of a request's body; nil for any.
    package let requestLimit: Int?
    /// The most bytes of an answer's body; nil for any.
    package let responseLimit: Int?

    /// Those of the upstream.
    package init(upstream: Origin, responseSeconds: Int = 300) {
        name = "the upstream \(upstream.text)"
        faults = .upstream
        self.responseSeconds = responseSeconds
        host = nil
        statesClient = true
        fields = [:]
        replaced = []
        drops = nil
        answerFields = [:]
        replacedInAnswer = []
        requestLimit = nil
        responseLimit = nil
    }

    /// Those of another site.
    package init(
        name: String, faults: OriginFaults, responseSeconds: Int, host: [UInt8], statesClient: Bool,
        fields: HeaderBlock,
        replaced: [[UInt8]], drops: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool, answerFields: HeaderBlock,
        replacedInAnswer: [[UInt8]], requestLimit: Int? = nil, responseLimit: Int? = nil
    ) {
        self.name = name
        self.faults = faults
        self.responseSeconds = responseSeconds
        self.host = host
        self.statesClient = statesClient
        self.fields = fields
        self.replaced = replaced
        self.drops = drops
        self.answerFields = answerFields
        self.replacedInAnswer = replacedInAnswer
        self.requestLimit = requestLimit
        self.responseLimit = responseLimit
    }

    /// Whether what is the client's goes on: only to the upstream.
    var isUpstream: Bool { host == nil }
}
