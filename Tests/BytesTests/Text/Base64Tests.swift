import Testing

@testable import Bytes

struct Base64Tests {
    /// The test vectors of RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 follows RFC 4648`(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func `every byte survives`() {
        for count in 0...257 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(Base64.encode([0xFB, 0xFF, 0xFE]) == "+//+")
        #expect(Base64.decode("Zm9v\r\nYmFy\n") == Array("foobar".utf8))
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg===", "=", "Zh==", "Zm9=", "Zg==Zg==", "Z g=", "Zm-_", "é", "Zm9v="])
    func `what isn't base64 is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `the alphabet for URLs has no padding`() {
        for count in 0..<20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            let text = Base64URL.encode(bytes)
            #expect(Base64URL.decode(text.utf8) == bytes)
            #expect(!text.contains { "+/=".contains($0) })
        }
        #expect(Base64URL.decode("aGVsbG8".utf8) == Array("hello".utf8))
        #expect(Base64URL.decode("_-8".utf8) == [0xFF, 0xEF])
        for text in ["a", "a+b=", "aGVsbG8=", "aGVsbG8\n", "ä"] {
            #expect(Base64URL.decode(text.utf8) == nil, "\(text)")
        }
    }
}
