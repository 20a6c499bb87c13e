import Bytes
import DataPlaneAPI

/// Writes the HTTP body of a query, `{"results":{…}}`, from a plugin's QueryDataResponse.
package struct QueryResponseWriter {
    /// An answer for a refId that the plugin didn't answer.
    package struct Missing: Sendable {
        /// The error text.
        package var message: String
        /// `plugin` or `downstream`.
        package var errorSource: String
        /// The HTTP status number of the answer.
        package var status: Int

        /// Makes an answer.
        package init(message: String, errorSource: String = "plugin", status: Int = 500) {
            self.message = message
            self.errorSource = errorSource
            self.status = status
        }
    }

    /// The refIds that were asked, in any order; with `missing` those without an answer get that error.
    package var asked: [String] = []
    /// What a refId without an answer gets; nil leaves it out.
    package var missing: Missing?
    /// Gives frames without a refId the key of their answer (the plugin SDK has done so already).
    package var fillsRefID = false

    /// Makes a writer.
    package init(asked: [String] = [], missing: Missing? = nil, fillsRefID: Bool = false) {
        self.asked = asked
        self.missing = missing
        self.fillsRefID = fillsRefID
    }

    /// Writes the body and finishes the output.
    ///
    /// The message is read as a whole before the first byte, so an error means that nothing was written. A frame that can't
    /// be read is an error of its refId; everything else is answered.
    package func write(_ message: UnsafeRawBufferPointer, to out: inout JSONOutput) throws(FrameError) {
        let answers = try QueryDataResponseReader(message).answers
        out.text.append("{\"results\":{" as StaticString)
        var isFirst = true
        var absent = absentRefIDs(answers)[...]
        for answer in answers {
            while var next = absent.first, next.withUTF8({ RefIDOrder.compare(.init($0), answer.refID) < 0 }) {
                writeMissing(next, &isFirst, to: &out)
                absent.removeFirst()
            }
            write(answer, &isFirst, to: &out)
        }
        for refID in absent { writeMissing(refID, &isFirst, to: &out) }
        out.text.append("}}" as StaticString)
        out.finish()
    }

    /// The refIds that were asked and not answered, in byte order.
    ///
    /// Nearly always there are none, and then nothing is allocated.
    private func absentRefIDs(_ answers: [QueryDataResponseReader.Answer]) -> [String] {
        guard missing != nil else { return [] }
        var absent: [String] = []
        for refID in asked {
            var text = refID
            let isThere = text.withUTF8 { RefIDOrder.contains(answers, UnsafeRawBufferPointer($0)) }
            if !isThere { absent.append(refID) }
        }
        guard absent.count > 1 else { return absent }
        absent.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var once: [String] = []
        for refID in absent where once.last != refID { once.append(refID) }
        return once
    }

    private func writeMissing(_ refID: String, _ isFirst: inout Bool, to out: inout JSONOutput) {
        guard let missing else { return }
        Self.separate(&isFirst, to: &out)
        out.text.appendJSONString(refID)
        out.text.append(":{\"error\":" as StaticString)
        out.text.appendJSONString(missing.message)
        out.text.append(",\"errorSource\":" as StaticString)
        out.text.appendJSONString(missing.errorSource)
        out.text.append(",\"status\":" as StaticString)
        out.text.append(integer: Int64(missing.status))
        out.text.append(",\"frames\":[]}" as StaticString)
    }

    private static func separate(_ isFirst: inout Bool, to out: inout JSONOutput) {
        if !isFirst { out.text.append(UInt8(ascii: ",")) }
        isFirst = false
    }

    private func write(
        _ answer: QueryDataResponseReader.Answer, _ isFirst: inout Bool, to out: inout JSONOutput
    ) {
        let frames = AnswerFrames(answer, fillsRefID: fillsRefID)
        Self.separate(&isFirst, to: &out)
        out.text.appendJSONString(answer.refID)
        out.text.append(":{" as StaticString)
        // A number that is no HTTP status is 500, whatever the error says.
        var status: Int32 = (100...599).contains(answer.status) ? answer.status : 500
        if !answer.error.isEmpty || frames.failure != nil {
            out.text.append("\"error\":" as StaticString)
            if let failure = frames.failure {
                let own = answer.error.isEmpty ? "" : String(decoding: answer.error, as: UTF8.self) + "; "
                out.text.appendJSONString(own + failure.message)
                if answer.error.isEmpty || status < 400 { status = 500 }
            } else {
                out.text.appendJSONString(answer.error)
            }
            out.text.append(",\"errorSource\":" as StaticString)
            if answer.error.isEmpty {
                out.text.append("\"plugin\"" as StaticString)
            } else {
                out.text.appendJSONString(answer.errorSource)
            }
            out.text.append(UInt8(ascii: ","))
        }
        out.text.append("\"status\":" as StaticString)
        out.text.append(integer: Int64(status))
        out.text.append(",\"frames\":[" as StaticString)
        for (index, frame) in frames.readable.enumerated() {
            if index > 0 { out.text.append(UInt8(ascii: ",")) }
            switch frame {
            case .arrow(let prepared): prepared.write(to: &out)
            case .json(let frame):
                let (before, refID, after) = frame.pieces(fillsRefID ? answer.refID : Metadata.none)
                out.splice(before, isASCII: frame.isASCII)
                out.text.append(refID)
                out.splice(after, isASCII: frame.isASCII)
            }
        }
        out.text.append("]}" as StaticString)
        out.checkpoint()
    }
}

/// The frames of one answer, checked: those that can be written, and the first reason why one can't.
private struct AnswerFrames {
    enum Frame {
        case arrow(PreparedFrame)
        case json(JSONFrame)
    }

    var readable: [Frame] = []
    var failure: FrameError?

    init(_ answer: QueryDataResponseReader.Answer, fillsRefID: Bool) {
        if case .unknown(let number) = answer.format {
            failure = FrameError(
                "the plugin answered in the data frame format \(number); 0 (Arrow) and 1 (JSON) are known")
            return
        }
        readable.reserveCapacity(answer.frames.count)
        for (index, bytes) in answer.frames.enumerated() {
            do throws(FrameError) {
                readable.append(try Self.read(bytes, answer, fillsRefID: fillsRefID))
            } catch {
                if failure == nil { failure = error.prefixed("frame \(index) of the plugin's answer can't be read") }
            }
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ answer: QueryDataResponseReader.Answer, fillsRefID: Bool
    ) throws(FrameError) -> Frame {
        guard answer.format == .json else {
            let fallback = fillsRefID ? answer.refID : Metadata.none
            return .arrow(try ArrowFrame.prepare(bytes, fallbackRefID: fallback))
        }
        return .json(try JSONFrame(bytes))
    }
}
