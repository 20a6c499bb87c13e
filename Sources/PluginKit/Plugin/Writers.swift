import RPC
internal import Synchronization

/// The answer to a resource call, sent piece by piece.
public final class ResourceResponse: Sendable {
    private let call: GRPCServerCall
    private let began = Mutex(false)

    init(_ call: GRPCServerCall) {
        self.call = call
    }

    /// Whether something was sent.
    var hasBegun: Bool { began.withLock { $0 } }

    /// Sends status, headers and the first piece of the body; exactly once, before `write`.
    ///
    /// - Throws: CANCELLED when the client has gone, PluginError on a second call.
    public func send(status: Int32 = 200, headers: [PluginHeader] = [], body: [UInt8] = []) async throws {
        let again = began.withLock { began in
            defer { began = true }
            return began
        }
        if again { throw PluginError("the resource response was already begun") }
        try await call.write(CallResourceFields.payload(code: status, headers: headers, body: body))
    }

    /// Sends a JSON text.
    public func send(status: Int32 = 200, json: String) async throws {
        try await send(
            status: status, headers: [PluginHeader("Content-Type", "application/json")], body: Array(json.utf8))
    }

    /// Sends the next piece of the body and waits until the host takes more.
    ///
    /// - Throws: CANCELLED when the client has gone.
    public func write(_ body: [UInt8]) async throws {
        if !hasBegun { return try await send(body: body) }
        try await call.write(CallResourceFields.payload(code: 0, headers: [], body: body))
    }
}

/// Sends the packets of a stream.
public final class PacketSender: Sendable {
    private let call: GRPCServerCall

    init(_ call: GRPCServerCall) {
        self.call = call
    }

    /// Sends one packet of JSON and waits until the host takes more.
    ///
    /// - Throws: CANCELLED when nobody listens any more.
    public func send(json: [UInt8]) async throws {
        try await call.write(WireWriter.payload { $0.bytes(1, json) })
    }
}

/// Sends the chunks of frames.
public final class ChunkSender: Sendable {
    private struct FrameKey: Hashable {
        let refID: String
        let frameID: String
    }

    private let call: GRPCServerCall
    private let format: DataFrameFormat
    private let begun = Mutex<Set<FrameKey>>([])

    init(_ call: GRPCServerCall, format: DataFrameFormat) {
        self.call = call
        self.format = format
    }

    /// Sends rows of a frame and waits until the host takes more; chunks of several frames may alternate.
    ///
    /// - Parameters:
    ///   - frame: the first chunk of a frame, or further rows with the same columns.
    ///   - refID: the query's.
    ///   - frameID: tells the frames of a query apart; not empty.
    /// - Throws: CANCELLED when the client has gone, PluginError when the frame can't be written.
    public func send(_ frame: any PluginFrame, refID: String, frameID: String) async throws {
        let isFirst = begun.withLock { $0.insert(FrameKey(refID: refID, frameID: frameID)).inserted }
        for format in [format, .arrow, .json] {
            let bytes =
                isFirst
                ? try frame.encoded(as: format, refID: refID) : try frame.encodedRows(as: format, refID: refID)
            guard let bytes else { continue }
            return try await call.write(
                ChunkedDataFields.payload(refID: refID, frameID: frameID, frame: bytes, format: format))
        }
        throw PluginError("the frame can't be written in any format")
    }

    /// Sends the error of one query; the others go on.
    ///
    /// - Throws: CANCELLED when the client has gone.
    public func send(_ error: PluginError, refID: String) async throws {
        try await call.write(
            ChunkedDataFields.payload(
                refID: refID, error: error.message, status: error.status, errorSource: error.source.rawValue))
    }
}
