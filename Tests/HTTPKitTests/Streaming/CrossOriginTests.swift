import NIOCore
import Testing

@testable import HTTPKit

/// What browsers are told about pages of other origins.
struct CrossOriginTests {
    private static let policy = PageOriginPolicy(allowing: ["https://page.example", "https://*.corp.example"])

    private func answer(
        _ fields: String, method: String = "GET", policy: PageOriginPolicy = policy
    ) throws -> CrossOrigin? {
        var parser = RequestHeadParser(limits: HTTPLimits())
        var bytes = ByteBuffer(string: "\(method) /s HTTP/1.1\r\nHost: gateway.example\r\n\(fields)\r\n")
        return CrossOrigin(try #require(try parser.next(&bytes)), policy)
    }

    @Test(arguments: ["https://page.example", "https://page.example:443", "https://a.b.corp.example"])
    func `a listed page is named and may use credentials`(origin: String) throws {
        let made = try #require(try answer("Origin: \(origin)\r\n"))
        #expect(
            Feed.lines(made.fields) == [
                "Access-Control-Allow-Origin=\(origin)", "Access-Control-Allow-Credentials=true", "Vary=Origin",
            ]
        )
        #expect(!made.isPreflight)
    }

    @Test(arguments: [
        "", "Origin: null\r\n", "Origin: https://evil.example\r\n", "Origin: http://page.example\r\n",
        "Origin: https://gateway.example\r\n", "Origin: https://*.corp.example\r\n", "Origin: https://corp.example\r\n",
        "Origin: https://page.example\r\nOrigin: https://page.example\r\n",
        "Origin: https://page.example, https://evil.example\r\n", "Origin: https://page.example\u{1}x\r\n",
    ])
    func `others get nothing`(fields: String) throws {
        if let made = try? answer(fields) { #expect(made.fields.fields.isEmpty) }
    }

    @Test func `where all pages are allowed they must do without credentials`() throws {
        let all = PageOriginPolicy(allowing: ["*", "https://page.example"])
        for origin in ["null", "https://evil.example"] {
            let made = try #require(try answer("Origin: \(origin)\r\n", policy: all))
            #expect(Feed.lines(made.fields) == ["Access-Control-Allow-Origin=*", "Vary=Origin"])
        }
        let named = try #require(try answer("Origin: https://page.example\r\n", policy: all))
        #expect(Feed.lines(named.fields).contains("Access-Control-Allow-Credentials=true"))
    }

    @Test func `a preflight is an OPTIONS that names a method`() throws {
        let origin = "Origin: https://page.example\r\n"
        let asked = "\(origin)Access-Control-Request-Method: POST\r\n"
        #expect(try #require(try answer(asked, method: "OPTIONS")).isPreflight)
        #expect(try #require(try answer(origin, method: "OPTIONS")).isPreflight == false)
        #expect(try #require(try answer(asked)).isPreflight == false)
    }
}
