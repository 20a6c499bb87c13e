import Bytes
import RPC

/// One entry of a QueryDataResponse.
///
/// Ranges point into the message, frames stay where they are.
package struct DataResponseFields: Sendable, Equatable {
    /// The query's refId.
    package var refID = 0..<0
    /// The frames, in `format`.
    package var frames: [Range<Int>] = []
    /// The error text; empty when there is none.
    package var error = 0..<0
    /// An HTTP status, 0 when the plugin didn't say.
    package var status: Int32 = 0
    /// `plugin` or `downstream`; empty when the plugin didn't say.
    package var errorSource = 0..<0
    /// How the frames are written, as a number: it may be one nobody knows.
    package var format: Int32 = 0

    /// Reads the entries of an answer in the order they came.
    ///
    /// Of equal refIds the last counts for a map.
    package static func scan(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> [DataResponseFields] {
        var found: [DataResponseFields] = []
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            guard field == 1, let range = value.range else { continue }
            found.append(try entry(bytes, range))
        }
        return found
    }

    private static func entry(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
    ) throws(WireError) -> DataResponseFields {
        var response = DataResponseFields()
        var reader = WireReader(bytes, in: range)
        while let (field, value) = try reader.next() {
            guard let range = value.range else { continue }
            if field == 1 { response.refID = range }
            if field == 2 { try response.read(bytes, range) }
        }
        return response
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(WireError) {
        var reader = WireReader(bytes, in: range)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .range(let range)): frames.append(range)
            case (2, .range(let range)): error = range
            case (4, .varint): status = value.int32 ?? 0
            case (5, .range(let range)): errorSource = range
            case (6, .varint): format = value.int32 ?? 0
            default: break
            }
        }
    }
}

/// One message of a QueryChunkedData stream.
///
/// Ranges point into the message.
package struct ChunkedDataFields: Sendable, Equatable {
    /// The query's refId; empty in the answer of a plugin without a chunked handler.
    package var refID = 0..<0
    /// Which frame of the query the rows belong to.
    package var frameID = 0..<0
    /// The frame, or its next rows; empty beside an error.
    package var frame = 0..<0
    /// The error text; empty when there is none.
    package var error = 0..<0
    /// An HTTP status; 501 without a refId means there is no chunked handler.
    package var status: Int32 = 0
    /// `plugin` or `downstream`; empty when the plugin didn't say.
    package var errorSource = 0..<0
    /// How the frame is written.
    package var format: Int32 = 0

    /// Reads one message.
    package init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .range(let range)): refID = range
            case (2, .range(let range)): frameID = range
            case (3, .range(let range)): frame = range
            case (4, .range(let range)): error = range
            case (5, .varint): status = value.int32 ?? 0
            case (6, .range(let range)): errorSource = range
            case (7, .varint): format = value.int32 ?? 0
            default: break
            }
        }
    }

    /// Writes one message, for plugins.
    package static func payload(
        refID: String, frameID: String = "", frame: [UInt8] = [], error: String = "", status: Int32 = 200,
        errorSource: String = "", format: DataFrameFormat = .arrow
    ) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.string(1, refID)
            writer.string(2, frameID)
            writer.bytes(3, frame)
            writer.string(4, error)
            writer.int(5, Int64(status))
            writer.string(6, errorSource)
            writer.int(7, Int64(format.rawValue))
        }
    }
}
