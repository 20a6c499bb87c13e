import DataPlaneAPI
import Testing

@testable import HTTPKit

/// Every status that a plugin may choose has a phrase.
struct ReasonPhraseTests {
    @Test func `each status has a phrase`() {
        for status in 100...599 { #expect(!ReasonPhrase.of(status).description.isEmpty, "\(status)") }
        #expect(ReasonPhrase.of(418).description == "I'm a teapot")
        #expect(ReasonPhrase.of(599).description == "Network Connect Timeout Error")
        #expect(ReasonPhrase.of(499).description == "Client Closed Request")
        #expect(ReasonPhrase.of(477).description == "Client Error")
    }

    @Test func `each of our own errors has a phrase of its own, not its class's`() {
        let classes = ["Client Error", "Server Error"]
        for code in ErrorCode.allCases {
            #expect(!classes.contains(ReasonPhrase.of(code.httpStatus).description), "\(code)")
        }
    }
}
