/// The head of an answer as a server sent it.
package struct ResponseHead: Sendable {
    /// The status number, 100 to 999.
    package internal(set) var status: Int
    /// Header fields; the block also holds the status line.
    package internal(set) var headers: HeaderBlock
    /// The body's framing, as the answered method and the head say.
    package internal(set) var framing: BodyFraming
    /// The length that the head states, also where no body follows (HEAD, 304).
    package internal(set) var statedLength: Int?
    /// Whether the connection may carry another request afterwards.
    package internal(set) var keepAlive: Bool

    var reasonStart: Int32
    var reasonEnd: Int32

    /// Calls `body` with the bytes of the reason phrase.
    @inline(__always)
    package func withReason<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        headers.storage.withUnsafeBytes { body(HeaderBlock.slice($0, reasonStart, reasonEnd)) }
    }
}
