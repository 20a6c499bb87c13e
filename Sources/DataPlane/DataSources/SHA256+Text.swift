import Crypto

extension SHA256 {
    /// The 32 bytes of the hash.
    static func bytes(_ message: some Sequence<UInt8>) -> [UInt8] { Array(hash(data: Array(message))) }

    /// The hash in upper-case hex digits.
    static func upperHex(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        return String(
            decoding: hash(data: Array(text.utf8)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self)
    }
}
