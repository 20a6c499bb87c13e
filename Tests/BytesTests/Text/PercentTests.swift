import Testing

@testable import Bytes

struct PercentTests {
    @Test(arguments: [("", ""), ("a%2Fb%2f", "a/b/"), ("a+b", "a+b"), ("%00", "\0"), ("%25zz", "%zz")])
    func `escapes are resolved`(text: String, expected: String) {
        #expect(Percent.decode(text.utf8) == Array(expected.utf8))
    }

    @Test func `a plus is a blank in queries only`() {
        #expect(Percent.decode("a+%2b".utf8, plusIsBlank: true) == Array("a +".utf8))
    }

    @Test(arguments: ["%", "a%", "%2", "%zz", "%2g", "%g2", "%%41", "%-1", "% 1"])
    func `a percent sign without two digits can't be read`(text: String) {
        #expect(Percent.decode(text.utf8) == nil)
    }

    @Test func `every byte comes back, and what is kept stands for itself`() {
        let all = Array(UInt8.min...UInt8.max)
        for plain in [PlainBytes.unreserved, .goSegment, .headerName] {
            #expect(Percent.decode(Percent.encode(all, keeping: plain)) == all)
        }
        let kept = all.filter { PlainBytes.unreserved.contains($0) }
        #expect(
            kept.map { String(Unicode.Scalar($0)) }.joined()
                == "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~")
        #expect(Percent.encode("a b/ü%") == "a%20b%2F%C3%BC%25")
        #expect(Percent.encode("a b%\u{7}ü", keeping: .ascii) == "a b%\u{7}%C3%BC")
        #expect(Percent.encode("$&+,:;=@ /?#", keeping: .goSegment) == "$&+,:;=@%20%2F%3F%23")
    }
}
