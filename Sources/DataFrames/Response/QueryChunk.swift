import Bytes

/// One message of a QueryChunkedData stream, or one frame of a whole answer, as a line of JSON.
///
/// Everything points into the message.
package struct QueryChunk {
    /// The query's refId.
    package var refID = Metadata.none
    /// Which frame of the query the rows belong to.
    package var frameID = Metadata.none
    /// The frame or its next rows; empty beside an error.
    package var frame = Metadata.none
    /// The error text; empty for none.
    package var error = Metadata.none
    /// What the plugin said: `plugin`, `downstream`, nothing or something else.
    package var errorSource = Metadata.none
    /// The HTTP status number as sent.
    package var status: Int32 = 0
    /// How the frame is written.
    package var format = QueryDataResponseReader.Format.arrow

    /// An empty chunk to fill in.
    package init() {}

    /// Reads a `pluginv2.QueryChunkedDataResponse`.
    package init(_ message: UnsafeRawBufferPointer) throws(FrameError) {
        var reader = WireReader(message)
        do throws(WireError) {
            while let (field, value) = try reader.next() {
                switch (field, value) {
                case (1, .range(let range)): refID = message.slice(range)
                case (2, .range(let range)): frameID = message.slice(range)
                case (3, .range(let range)): frame = message.slice(range)
                case (4, .range(let range)): error = message.slice(range)
                case (5, .varint(let number)): status = Int32(truncatingIfNeeded: number)
                case (6, .range(let range)): errorSource = message.slice(range)
                case (7, .varint(let number)): format = .init(Int32(truncatingIfNeeded: number))
                default: break
                }
            }
        } catch let fault {
            throw FrameError("query chunk: \(fault)")
        }
    }

    /// Whether this is what a plugin without a chunked handler sends as its only message.
    package var isUnsupported: Bool { status == 501 && refID.isEmpty && frame.isEmpty }

    /// Writes the line with its line end, nothing for a chunk that says nothing.
    ///
    /// A frame that can't be read becomes an error in its place. `rowsOnly` leaves out the schema of an Arrow frame, for
    /// chunks after the first; JSON is written as the plugin wrote it.
    package func writeLine(rowsOnly: Bool, to out: inout JSONOutput) {
        var failure: FrameError?
        var prepared: PreparedFrame?
        var json: JSONFrame?
        if !frame.isEmpty {
            do throws(FrameError) {
                (prepared, json) = try read(rowsOnly: rowsOnly)
            } catch {
                failure = error.prefixed("a frame of the plugin's answer can't be read")
            }
        }
        let hasFrame = !frame.isEmpty && failure == nil
        let isError = !error.isEmpty || failure != nil || (!hasFrame && status >= 400)
        guard hasFrame || isError else { return }
        out.text.append("{\"refId\":" as StaticString)
        out.text.appendJSONString(refID)
        if !frameID.isEmpty {
            out.text.append(",\"frameId\":" as StaticString)
            out.text.appendJSONString(frameID)
        }
        if hasFrame {
            out.text.append(",\"frame\":" as StaticString)
            prepared?.write(to: &out)
            if let json { write(json, to: &out) }
        }
        if isError { writeError(failure, to: &out) }
        out.text.append("}\n" as StaticString)
        out.checkpoint()
    }

    private func read(rowsOnly: Bool) throws(FrameError) -> (PreparedFrame?, JSONFrame?) {
        switch format {
        case .arrow:
            var prepared = try ArrowFrame.prepare(frame, fallbackRefID: refID)
            if rowsOnly { prepared.head = Array(SchemaText.rowsOnly.description.utf8) }
            return (prepared, nil)
        case .json:
            return (nil, try JSONFrame(frame))
        case .unknown(let number):
            throw FrameError("it is in the data frame format \(number); 0 (Arrow) and 1 (JSON) are known")
        }
    }

    /// Writes the plugin's own JSON on one line: in valid JSON a line end stands between tokens only.
    private func write(_ json: JSONFrame, to out: inout JSONOutput) {
        let (before, filled, after) = json.pieces(refID)
        Self.writeLine(of: before, isASCII: json.isASCII, to: &out)
        out.text.append(filled)
        Self.writeLine(of: after, isASCII: json.isASCII, to: &out)
    }

    private static func writeLine(of text: UnsafeRawBufferPointer, isASCII: Bool, to out: inout JSONOutput) {
        var rest = text[...]
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            out.splice(UnsafeRawBufferPointer(rebasing: rest[..<end]), isASCII: isASCII)
            rest = rest[(end + 1)...]
        }
        out.splice(UnsafeRawBufferPointer(rebasing: rest), isASCII: isASCII)
    }

    private func writeError(_ failure: FrameError?, to out: inout JSONOutput) {
        out.text.append(",\"error\":" as StaticString)
        if let failure {
            let own = error.isEmpty ? "" : String(decoding: error, as: UTF8.self) + "; "
            out.text.appendJSONString(own + failure.message)
        } else if error.isEmpty {
            out.text.appendJSONString("the plugin answered with the status \(status)")
        } else {
            out.text.appendJSONString(error)
        }
        guard failure != nil || !errorSource.isEmpty else { return }
        out.text.append(",\"errorSource\":" as StaticString)
        if failure != nil {
            out.text.append("\"plugin\"" as StaticString)
        } else {
            out.text.appendJSONString(errorSource)
        }
    }
}

/// A whole query answer as lines of JSON: one per frame and one per error.
package enum QueryLines {
    /// Writes the lines of a `pluginv2.QueryDataResponse` and finishes the output.
    ///
    /// The message is read before the first byte, so an error means that nothing was written.
    ///
    /// - Parameters:
    ///   - asked: the refIds that were asked.
    ///   - missing: the error text for those without an answer.
    package static func write(
        _ message: UnsafeRawBufferPointer, asked: [String], missing: String, to out: inout JSONOutput
    ) throws(FrameError) {
        let answers = try QueryDataResponseReader(message).answers
        for answer in answers { write(answer, to: &out) }
        let answered = Set(answers.map { Array($0.refID) })
        for refID in asked where !answered.contains(Array(refID.utf8)) { writeError(missing, refID, to: &out) }
        out.finish()
    }

    private static func write(_ answer: QueryDataResponseReader.Answer, to out: inout JSONOutput) {
        for (index, frame) in answer.frames.enumerated() {
            var number = String(index)
            number.withUTF8 { number in
                var chunk = QueryChunk()
                chunk.refID = answer.refID
                chunk.frameID = UnsafeRawBufferPointer(number)
                chunk.frame = frame
                chunk.format = answer.format
                chunk.writeLine(rowsOnly: false, to: &out)
            }
        }
        var rest = QueryChunk()
        rest.refID = answer.refID
        rest.error = answer.error
        rest.errorSource = answer.errorSource
        rest.status = answer.frames.isEmpty ? answer.status : 200
        rest.writeLine(rowsOnly: false, to: &out)
    }

    /// Writes the line of an error that isn't the plugin's words.
    package static func writeError(_ text: String, _ refID: String, to out: inout JSONOutput) {
        out.text.append("{\"refId\":" as StaticString)
        out.text.appendJSONString(refID)
        out.text.append(",\"error\":" as StaticString)
        out.text.appendJSONString(text)
        out.text.append(",\"errorSource\":\"plugin\"}\n" as StaticString)
        out.checkpoint()
    }
}
