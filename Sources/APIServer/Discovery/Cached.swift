import Bytes
import HTTPKit

/// Answers that a client may keep.
enum Cached {
    /// A document with its ETag; 304 when the client has it already.
    static func response(
        _ value: JSONValue, _ request: APIRequest, contentType: String = "application/json"
    ) -> APIResponse {
        let body = value.bytes(request.isPretty ? .indented : .compact)
        let tag = "\"\(hash(body))\""
        let fields: [APIResponse.Field] = [.etag(tag), .vary("Accept"), .cacheControl("public")]
        if request.headers.firstValue(named: "if-none-match") == tag {
            return APIResponse(status: 304, contentType: nil, fields: fields)
        }
        return APIResponse(contentType: contentType, body: body, fields: fields)
    }

    /// A hash that tells two documents apart, 32 hexadecimal digits: twice FNV-1a of 64 bits, forwards and backwards.
    static func hash(_ bytes: [UInt8]) -> String {
        func fnv(_ bytes: some Sequence<UInt8>) -> UInt64 {
            bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
        return [fnv(bytes), fnv(bytes.reversed())].map { value in
            let text = String(value, radix: 16, uppercase: true)
            return String(repeating: "0", count: max(0, 16 - text.count)) + text
        }.joined()
    }
}
