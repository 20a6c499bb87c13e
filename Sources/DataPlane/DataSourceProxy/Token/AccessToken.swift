import Bytes
import DataPlaneAPI
import NIOCore

/// A token for the requests of a route.
struct AccessToken: Sendable {
    /// The `Authorization` field.
    let authorization: [UInt8]
    /// How long it may be kept, shortly before it expires; nil for not at all.
    let keptUntil: NIODeadline?

    /// Seconds before its end that a token isn't used any more: a request takes time.
    static let margin = 10
    /// The longest that a token is kept, seconds; numbers beyond don't fit a clock.
    private static let longest = 365 * 86_400

    /// Reads the answer of a token endpoint: `access_token`, and `expires_on` or `expires_in` as numbers or texts.
    ///
    /// A token that doesn't say when it ends is used once.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Throws: 502 that says what is wrong, never with anything of the answer.
    init(answer: [UInt8], name: String, now: Int, clock: NIODeadline = .now()) throws(GatewayError) {
        func fault(_ why: String) -> GatewayError {
            GatewayError(.badGateway, "the token endpoint of \(name) \(why)", source: .upstream)
        }
        guard let json = try? JSONValue.parse(answer, JSONOptions(maxDepth: 32, duplicates: .lastWins)),
            json.asObject != nil
        else { throw fault("did not answer with a JSON object") }
        guard let token = json["access_token"]?.asString, !token.isEmpty else {
            throw fault("answered without an access_token")
        }
        guard token.utf8.count <= 32 * 1024, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw fault("answered with an access_token that can't stand in a header")
        }
        authorization = Array("Bearer \(token)".utf8)
        let left: Int
        if let field = json["expires_on"], !field.isNull {
            guard let end = Self.seconds(field) else { throw fault("answered with an expires_on that is no number") }
            left = end.subtractingReportingOverflow(now).partialValue
        } else if let field = json["expires_in"], !field.isNull {
            guard let given = Self.seconds(field) else { throw fault("answered with an expires_in that is no number") }
            left = given
        } else {
            left = 0
        }
        let kept = min(left, Self.longest) - Self.margin
        keptUntil = kept > 0 ? clock + .seconds(Int64(kept)) : nil
    }

    /// A number, or a text that is one; parts of seconds don't count.
    private static func seconds(_ value: JSONValue) -> Int? {
        let number: Double? =
            switch value {
            case .number(let number): number.double
            case .string(let text): Double(text)
            default: nil
            }
        guard let number, number.isFinite else { return nil }
        // Far from where a double stops being a whole number.
        return Int(max(-1e15, min(1e15, number)))
    }
}
