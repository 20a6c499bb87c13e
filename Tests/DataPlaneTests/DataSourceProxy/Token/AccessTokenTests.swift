import DataPlaneAPI
import NIOCore
import Testing

@testable import DataPlane

/// What token endpoints answer.
struct AccessTokenTests {
    private static let now = 1_800_000_000
    private static let clock = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func read(_ answer: String) throws -> AccessToken {
        try AccessToken(answer: Array(answer.utf8), name: "the data source \"x\"", now: Self.now, clock: Self.clock)
    }

    @Test(arguments: [
        (#""expires_in": 3600"#, 3590), (#""expires_in": "3600""#, 3590), (#""expires_in": 3599.9"#, 3589),
        (#""expires_on": 1800000100"#, 90), (#""expires_on": "1800000100""#, 90),
        (#""expires_on": 1800000100, "expires_in": 7200"#, 90), (#""expires_on": null, "expires_in": 60"#, 50),
        (#""expires_in": 1e300"#, 365 * 86_400 - 10), (#""expires_in": 11"#, 1),
    ])
    func `a token is kept until shortly before its end`(fields: String, seconds: Int64) throws {
        let token = try read(#"{"access_token": "abc", "token_type": "bearer", \#(fields)}"#)
        #expect(token.authorization == Array("Bearer abc".utf8))
        #expect(token.keptUntil == Self.clock + .seconds(seconds))
    }

    @Test(arguments: [
        "", #", "expires_in": 10"#, #", "expires_in": 0"#, #", "expires_in": -5"#, #", "expires_on": 1"#,
        #", "expires_on": -1e300"#,
    ])
    func `a token that ends at once or says nothing is not kept`(fields: String) throws {
        #expect(try read(#"{"access_token": "abc"\#(fields)}"#).keptUntil == nil)
    }

    @Test(arguments: [
        "", "s3cret", "[]", "{}", #"{"access_token": ""}"#, #"{"access_token": 1}"#, #"{"token": "s3cret"}"#,
        #"{"access_token": "s3cret\r\nX: y"}"#, #"{"access_token": "s3 cret"}"#, #"{"access_token": "s3cretü"}"#,
        #"{"access_token": "s3cret", "expires_in": "soon"}"#, #"{"access_token": "s3cret", "expires_on": [1]}"#,
        #"{"access_token": "s3cret", "expires_in": "nan"}"#, #"{"access_token": "s3cret""#,
    ])
    func `other answers are 502 and are not shown`(answer: String) {
        let error = #expect(throws: GatewayError.self) { try read(answer) }
        #expect(error?.code == .badGateway)
        #expect(error?.message.contains("s3") == false)
        #expect(error?.message.contains("the token endpoint of the data source \"x\"") == true)
    }
}
