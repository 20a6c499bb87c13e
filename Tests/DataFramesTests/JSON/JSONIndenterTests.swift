import DataPlaneAPI
import Testing

@testable import Bytes
@testable import DataFrames

@Suite("Indented JSON")
struct JSONIndenterTests {
    @Test("Indented text has Go's form")
    func indents() throws {
        let text = try collected(indents: true) { (out) throws(FrameError) in
            out.text.append(#"{"a":[],"b":{},"c":[1, {"d":"x:,{\"]"}]}"#)
        }
        let wanted = """
            {
              "a": [],
              "b": {},
              "c": [
                1,
                {
                  "d": "x:,{\\"]"
                }
              ]
            }
            """
        #expect(String(decoding: text, as: UTF8.self) == wanted)
    }
}
