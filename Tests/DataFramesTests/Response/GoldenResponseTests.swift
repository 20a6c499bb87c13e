import Testing

@testable import DataFrames

@Suite("Golden query answers")
struct GoldenResponseTests {
    @Test("Every recorded message gives the recorded body, compact and indented")
    func matches() throws {
        let messages = Golden.files("responses", ".pb")
        let compact = Golden.files("responses", ".json")
        let indented = Golden.files("responses", ".indent.json")
        for (name, message) in messages.sorted(by: { $0.key < $1.key }) {
            if let wanted = compact[name] {
                let got = try answerJSON(message)
                #expect(try canonical(got) == canonical(wanted), "\(name)")
            }
            if let wanted = indented[name] {
                let got = try answerJSON(message, indents: true)
                #expect(String(decoding: got, as: UTF8.self) == String(decoding: wanted, as: UTF8.self), "\(name)")
            }
        }
        #expect(Golden.folder == nil || messages.count > 8)
    }

    @Test("A frame that can't be read is an error of its refId that names the frame")
    func badFrame() throws {
        guard let message = Golden.files("responses", ".pb")["p07_bad_frame_fails_all"] else { return }
        let text = String(decoding: try answerJSON(message), as: UTF8.self)
        #expect(text.contains("frame 0 of the plugin's answer can't be read: not an Arrow file"))
        #expect(text.contains("\"status\":500"))
    }

    @Test("An unknown frame format is an error of its refId")
    func unknownFormat() throws {
        guard let message = Golden.files("responses", ".pb")["p08_unknown_format"] else { return }
        #expect(String(decoding: try answerJSON(message), as: UTF8.self).contains("data frame format 7"))
    }
}

/// The body that a writer makes of a QueryDataResponse.
func answerJSON(
    _ message: [UInt8], _ writer: QueryResponseWriter = QueryResponseWriter(), indents: Bool = false
) throws(FrameError) -> [UInt8] {
    try collected(indents: indents) { (out) throws(FrameError) in
        let result: Result<Void, FrameError> = message.withUnsafeBytes { bytes in
            do throws(FrameError) {
                return .success(try writer.write(bytes, to: &out))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
