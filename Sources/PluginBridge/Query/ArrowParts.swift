import Bytes
import DataFrames
import DataPlaneAPI
import PluginProtocol
import RPC

/// The frames and errors of an answer, each with what a part of a multipart body says of it.
enum ArrowParts {
    /// A frame or an error.
    struct Part: Sendable {
        /// The header fields, each with its line end, without the length.
        var fields: String
        /// The media type among them.
        var contentType: String
        /// Where the frame lies in the message.
        var bytes = 0..<0
        /// The body of an error.
        var text: [UInt8]?
        /// The error that this is.
        var error: GatewayError?
    }

    /// Reads an answer: the parts in byte order of their refIds.
    static func read(
        _ message: GRPCMessage, _ form: QueryForm.Arrow, _ refIDs: [String], _ pluginID: String
    ) -> Result<[Part], GatewayError> {
        message.withBytes { bytes in
            do throws(WireError) {
                var answers: [[UInt8]: DataResponseFields] = [:]
                for answer in try DataResponseFields.scan(bytes) { answers[Array(bytes.slice(answer.refID))] = answer }
                let known = Set(answers.keys).union(refIDs.map { Array($0.utf8) })
                return .success(
                    known.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { refID in
                        parts(refID, answers[refID], bytes, form, pluginID)
                    })
            } catch {
                return .failure(PluginFault.unreadable(error.description, pluginID))
            }
        }
    }

    private static func parts(
        _ refID: [UInt8], _ answer: DataResponseFields?, _ bytes: UnsafeRawBufferPointer, _ form: QueryForm.Arrow,
        _ pluginID: String
    ) -> [Part] {
        guard let answer else {
            return [error(refID, "the plugin \(pluginID) gave no answer for this refId", "plugin", 502)]
        }
        let status = (100...599).contains(answer.status) ? Int(answer.status) : 500
        var parts: [Part] = []
        for (index, range) in answer.frames.enumerated() {
            do throws(FrameError) {
                let (type, frame) = try content(answer, range, bytes, form)
                let fields =
                    "Content-Type: \(type)\r\n\(origin(refID))X-Query-Frame: \(index)\r\nX-Query-Status: \(status)\r\n"
                parts.append(Part(fields: fields, contentType: type, bytes: frame))
            } catch {
                parts.append(Self.error(refID, "frame \(index) can't be read: \(error.message)", "plugin", 502))
            }
        }
        let text = bytes.text(answer.error)
        if !text.isEmpty || (status >= 400 && answer.frames.isEmpty) {
            let message = text.isEmpty ? "the plugin answered with the status \(status)" : text
            parts.append(error(refID, message, bytes.text(answer.errorSource), status < 400 ? 500 : status))
        }
        return parts
    }

    private static func content(
        _ answer: DataResponseFields, _ range: Range<Int>, _ bytes: UnsafeRawBufferPointer, _ form: QueryForm.Arrow
    ) throws(FrameError) -> (type: String, bytes: Range<Int>) {
        switch DataFrameFormat(rawValue: answer.format) {
        case .arrow:
            // Also shows that it is a file at all.
            let stream = try ArrowFrame.streamPart(of: bytes.slice(range))
            guard form.content == .stream else { return (form.content.rawValue, range) }
            return (form.content.rawValue, range.lowerBound + stream.lowerBound..<range.lowerBound + stream.upperBound)
        case .json:
            _ = try JSONFrame(bytes.slice(range))
            return ("application/json", range)
        case nil:
            throw FrameError("it is in the data frame format \(answer.format); 0 (Arrow) and 1 (JSON) are known")
        }
    }

    private static func error(_ refID: [UInt8], _ message: String, _ source: String, _ status: Int) -> Part {
        var out = ByteWriter(capacity: 256)
        out.append("{\"refId\":" as StaticString)
        refID.withUnsafeBytes { out.appendJSONString($0) }
        out.append(",\"error\":" as StaticString)
        out.appendJSONString(message)
        if !source.isEmpty {
            out.append(",\"errorSource\":" as StaticString)
            out.appendJSONString(source)
        }
        out.append(",\"status\":" as StaticString)
        out.append(integer: Int64(status))
        out.append("}" as StaticString)
        let type = "application/json"
        let fields = "Content-Type: \(type)\r\n\(origin(refID))X-Query-Status: \(status)\r\n"
        let name = String(decoding: refID, as: UTF8.self)
        let failure = GatewayError(ErrorCode(httpStatus: status), "query \(name): \(message)", source: .plugin)
        return Part(fields: fields, contentType: type, text: out.array(), error: failure)
    }

    /// The refId as a header field, with everything but unreserved characters escaped.
    private static func origin(_ refID: [UInt8]) -> String {
        "X-Query-Ref-Id: \(String(decoding: Percent.encode(refID), as: UTF8.self))\r\n"
    }
}
