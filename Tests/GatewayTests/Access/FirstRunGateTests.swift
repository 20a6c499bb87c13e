import Testing

@testable import Gateway

@Suite struct FirstRunGateTests {
    private func isLoopback(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { FirstRunGate.isLoopbackAuthority($0) }
    }

    @Test(arguments: [
        "localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:1", "127.255.0.3:80", "[::1]", "[::1]:8080",
    ])
    func loopbackHostsPass(host: String) {
        #expect(isLoopback(host))
    }

    @Test(arguments: [
        "", "grafana.example", "localhost.example:80", "127.0.0.1.example", "127.0.0.1@evil", "127.0.1", "1127.0.0.1",
        "[::1", "[::1]x", "[::2]", "0.0.0.0", "10.0.0.1", "127.0.0.", "2130706433", "localhost.",
    ])
    func otherHostsDoNot(host: String) {
        #expect(!isLoopback(host))
    }
}
