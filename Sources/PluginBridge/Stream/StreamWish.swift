import Bytes
import NIOCore

/// What a WebSocket client says first when it listens for something in particular: `{"type":"subscribe","data":…}`.
struct StreamWish {
    /// The JSON of `data`, as it was sent; empty for none.
    let data: [UInt8]

    /// Reads a message; nil for anything else, which is something to publish.
    init?(_ message: ByteBuffer) {
        let found: [UInt8]? = message.withUnsafeReadableBytes { bytes in
            var scanner = JSONScanner(bytes)
            let keys = scanner
            var isSubscribe = false
            var data: Range<Int>?
            do throws(JSONError) {
                try scanner.members { (member) throws(JSONError) in
                    if keys.key(of: member, is: "type") {
                        isSubscribe = bytes[member.value].elementsEqual("\"subscribe\"".utf8)
                    } else if keys.key(of: member, is: "data") {
                        data = member.value
                    }
                }
                var whole = JSONScanner(bytes)
                _ = try whole.wholeValue()
            } catch {
                return nil
            }
            guard isSubscribe else { return nil }
            return data.map { Array(bytes[$0]) } ?? []
        }
        guard let found else { return nil }
        data = found
    }
}
