public import DataFrames
import RPC

/// The answer to one query.
public struct DataResponse: Sendable {
    /// The frames.
    public var frames: [any PluginFrame]
    /// What went wrong; frames beside it are kept.
    public var error: PluginError?
    /// The HTTP status; 0 lets the kit choose 200, or the error's.
    public var status: Int32

    /// An answer with frames.
    public init(frames: [any PluginFrame], status: Int32 = 0) {
        self.frames = frames
        self.status = status
    }

    /// An answer with an error, and with frames when there are some nevertheless.
    public init(error: PluginError, frames: [any PluginFrame] = []) {
        self.frames = frames
        self.error = error
        status = error.status
    }
}

/// A data frame that can write itself.
public protocol PluginFrame: Sendable {
    /// The frame in that format, nil when it can't be written so; `refID` is the query's, for a frame without one.
    func encoded(as format: DataFrameFormat, refID: String) throws -> [UInt8]?

    /// The frame as a further chunk of one that was begun: JSON without the schema, an Arrow file as always.
    func encodedRows(as format: DataFrameFormat, refID: String) throws -> [UInt8]?
}

extension PluginFrame {
    /// The same as the first chunk, for frames that come ready-made.
    public func encodedRows(as format: DataFrameFormat, refID: String) throws -> [UInt8]? {
        try encoded(as: format, refID: refID)
    }
}

extension Frame: PluginFrame {
    /// The frame as an Arrow IPC file or as JSON.
    public func encoded(as format: DataFrameFormat, refID: String) throws -> [UInt8]? {
        var named = self
        if named.refID.isEmpty { named.refID = refID }
        return format == .json ? try named.json() : try named.arrow()
    }

    /// The rows as JSON, or the frame as an Arrow IPC file.
    public func encodedRows(as format: DataFrameFormat, refID: String) throws -> [UInt8]? {
        format == .json ? try rowsJSON() : try encoded(as: format, refID: refID)
    }
}

/// A frame that comes ready-made: an Arrow IPC file or a JSON text.
public struct EncodedFrame: PluginFrame, Equatable {
    /// The bytes.
    public let bytes: [UInt8]
    /// What they are.
    public let format: DataFrameFormat

    /// A frame of those bytes.
    public init(_ bytes: [UInt8], format: DataFrameFormat) {
        self.bytes = bytes
        self.format = format
    }

    /// The bytes as they are, when they are in that format.
    public func encoded(as format: DataFrameFormat, refID: String) -> [UInt8]? {
        format == self.format ? bytes : nil
    }
}

/// A failure that says whose fault it is.
public struct PluginError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence for the user; no secrets.
    public var message: String
    /// The HTTP status.
    public var status: Int32
    /// Whether the plugin or what it called is at fault.
    public var source: PluginErrorSource

    /// A failure.
    public init(_ message: String, status: Int32 = 500, source: PluginErrorSource = .plugin) {
        self.message = message
        self.status = status
        self.source = source
    }

    /// What a user asked for, or set up, can't be had: 400, and not the plugin's fault.
    public static func user(_ message: String) -> PluginError {
        PluginError(message, status: 400, source: .downstream)
    }

    /// The message.
    public var description: String { message }

    /// Any error as a PluginError: itself, a cancellation, or its description as the plugin's fault.
    public init(wrapping error: any Error) {
        if let error = error as? PluginError {
            self = error
        } else if error is CancellationError {
            self.init("the request was cancelled", status: 499)
        } else {
            self.init("\(error)")
        }
    }
}

extension [String: DataResponse] {
    /// QueryDataResponse with every frame in the format asked for, or in Arrow where a frame can't be written so.
    package func payload(format: DataFrameFormat) throws -> GRPCPayload {
        let entries = try sorted { $0.key < $1.key }.map { refID, response in
            (refID: refID, response: response, body: try response.encodeFrames(format, refID: refID))
        }
        return WireWriter.payload { writer in
            for entry in entries {
                writer.message(1) { item in
                    item.string(1, entry.refID)
                    item.message(2) { body in
                        for frame in entry.body.frames { body.raw(1, frame) }
                        if let error = entry.response.error { body.string(2, error.message) }
                        body.int(4, Int64(entry.response.wireStatus))
                        if let error = entry.response.error { body.string(5, error.source.rawValue) }
                        body.int(6, Int64(entry.body.format.rawValue))
                    }
                }
            }
        }
    }
}

extension DataResponse {
    fileprivate var wireStatus: Int32 {
        (100...599).contains(status) ? status : error == nil ? 200 : 500
    }

    /// One format for all frames of the answer: the one asked for when every frame knows it.
    fileprivate func encodeFrames(_ wanted: DataFrameFormat, refID: String) throws -> (
        frames: [[UInt8]], format: DataFrameFormat
    ) {
        for format in [wanted, .arrow, .json] {
            var encoded: [[UInt8]] = []
            for frame in frames {
                guard let bytes = try frame.encoded(as: format, refID: refID) else { break }
                encoded.append(bytes)
            }
            if encoded.count == frames.count { return (encoded, format) }
        }
        throw PluginError("the frames of one answer have no format in common")
    }
}
