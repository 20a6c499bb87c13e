import Testing

@testable import HTTPKit

/// Every status that a plugin may choose has a phrase.
struct StatusLineTests {
    @Test func `each status has a phrase`() {
        for status in 100...599 { #expect(!StatusLine.phrase(status).description.isEmpty, "\(status)") }
        #expect(StatusLine.phrase(418).description == "I'm a teapot")
        #expect(StatusLine.phrase(599).description == "Network Connect Timeout Error")
        #expect(StatusLine.phrase(499).description == "Client Closed Request")
        #expect(StatusLine.phrase(477).description == "Client Error")
    }
}
