import NIOCore

/// What carries an exchange: a connection of HTTP/1, a stream of HTTP/2, a test.
///
/// Bound to the exchange's loop. How heads and bodies are framed, what concerns only this hop, and whether the
/// connection is used again, are the transport's business.
package protocol ExchangeTransport: AnyObject {
    /// Whether the client keeps up.
    var isWritable: Bool { get }
    /// Whether the process stops.
    var isDraining: Bool { get }

    /// Delivers the request's body from now on.
    ///
    /// - Parameter sendContinue: whether to send `100 Continue` first where the client waits for it.
    func deliver(to sink: any RequestBodySink, sendContinue: Bool)
    /// Delivers no more, and reads no more than a little ahead, until `resumeBody`.
    func pauseBody()
    /// Goes on delivering.
    func resumeBody()

    /// Sends an interim answer, where the client can take one.
    func interim(_ status: Int, reason: UnsafeRawBufferPointer?, _ fields: (inout FieldWriter) -> Void)
    /// Begins the answer.
    ///
    /// - Parameter statedLength: a length to state although no body follows (HEAD, 304).
    func start(
        _ status: Int, reason: UnsafeRawBufferPointer?, body: BodyLength, statedLength: Int?,
        _ fields: (inout FieldWriter) -> Void)
    /// Adds to the answer's body.
    func write(_ part: ByteBuffer)
    /// Adds a part to the answer's body that others write too.
    func write(_ part: SharedPart)
    /// Sends what has been written.
    func flush()
    /// Ends the answer and flushes.
    func end(_ trailers: HeaderBlock?)
    /// Takes the answer back, where nothing of it has left; gives whether that was so.
    func retract() -> Bool
    /// Ends everything at once.
    func abort()
    /// Agrees to leave HTTP: from now on bytes go both ways as they are, the client's to the sink.
    ///
    /// - Parameter opened: called when the answer is out and before anything is delivered.
    func upgrade(
        reason: UnsafeRawBufferPointer?, to sink: any RequestBodySink, _ fields: (inout FieldWriter) -> Void,
        opened: () -> Void)
}
