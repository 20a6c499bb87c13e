import Testing

@testable import PluginProtocol

struct HandshakeTests {
    static let accepted: [(String, PluginAddress, Bool)] = [
        ("1|2|unix|/tmp/plugin2406532127|grpc|", .unix(path: "/tmp/plugin2406532127"), false),
        ("1|2|unix|/tmp/plugin2406532127|grpc|\n", .unix(path: "/tmp/plugin2406532127"), false),
        ("  1|2|unix|/tmp/p|grpc|\r\n", .unix(path: "/tmp/p"), false),
        ("1|2|tcp|127.0.0.1:45123|grpc", .tcp(host: "127.0.0.1", port: 45123), false),
        ("1|2|tcp|:45123|grpc", .tcp(host: "127.0.0.1", port: 45123), false),
        ("1|2|tcp|localhost:45123|grpc", .tcp(host: "127.0.0.1", port: 45123), false),
        ("1|2|tcp|[::1]:45123|grpc|", .tcp(host: "::1", port: 45123), false),
        ("1|2|unix|/tmp/p|grpc||true", .unix(path: "/tmp/p"), true),
        ("1|2|unix|/tmp/p|grpc||false", .unix(path: "/tmp/p"), false),
    ]

    @Test(arguments: accepted)
    func `every variant of the line that plugins print is read`(
        line: String, address: PluginAddress, multiplexing: Bool
    ) throws {
        let handshake = try Handshake.parse(Array(line.utf8))
        #expect(handshake.coreVersion == 1)
        #expect(handshake.appVersion == 2)
        #expect(handshake.address == address)
        #expect(handshake.multiplexing == multiplexing)
    }

    static let refused: [(String, String)] = [
        ("", "unrecognized remote plugin message"),
        ("Listening on port 8080", "unrecognized remote plugin message"),
        ("1|2|unix", "unrecognized remote plugin message"),
        ("2|2|unix|/tmp/p|grpc|", "incompatible core API version with plugin. Plugin version: 2, Core version: 1"),
        ("x|2|unix|/tmp/p|grpc|", "incompatible core API version"),
        ("1|3|unix|/tmp/p|grpc|", "incompatible API version with plugin. Plugin version: 3, Client versions: [2]"),
        ("1||unix|/tmp/p|grpc|", "is no number"),
        ("1|2|udp|/tmp/p|grpc|", "unknown address type: 'udp'"),
        ("1|2|unix|tmp/p|grpc|", "is not absolute"),
        ("1|2|unix|/" + String(repeating: "a", count: 107) + "|grpc|", "Linux allows 107"),
        ("1|2|tcp|127.0.0.1:1234", "unsupported plugin protocol 'netrpc'. Supported: [grpc]"),
        ("1|2|tcp|127.0.0.1:1234|netrpc", "unsupported plugin protocol 'netrpc'"),
        ("1|2|tcp|127.0.0.1|grpc", "is no IP address with a port"),
        ("1|2|tcp|127.0.0.1:70000|grpc", "is no IP address with a port"),
        ("1|2|tcp|127.0.0.1:0|grpc", "is no IP address with a port"),
        ("1|2|tcp|evil.example:80|grpc", "is no IP address with a port"),
        ("1|2|tcp|999.0.0.1:80|grpc", "is no IP address with a port"),
        ("1|2|tcp|192.0.2.1:80|grpc", "is not on this machine"),
        ("1|2|tcp|[2001:db8::1]:80|grpc", "is not on this machine"),
        ("1|2|tcp|[::ffff:192.0.2.1]:80|grpc", "is not on this machine"),
        ("1|2|unix|/tmp/p|grpc|" + String(repeating: "M", count: 51), "asks for TLS"),
        ("1|2|unix|/tmp/p|grpc||maybe", "neither true nor false"),
        ("99999999999999999999|2|unix|/tmp/p|grpc|", "incompatible core API version"),
    ]

    @Test(arguments: refused)
    func `a line that can't be used is refused with the reason and the line`(line: String, reason: String) {
        let error = #expect(throws: HandshakeError.self) { try Handshake.parse(Array(line.utf8)) }
        #expect(error?.description.contains(reason) == true)
        #expect(error?.description.contains("'\(line)'") == true)
    }

    @Test func `a line above the cap is refused and only its start is shown`() {
        let error = #expect(throws: HandshakeError.self) {
            try Handshake.parse([UInt8](repeating: 0x61, count: Handshake.longestLine + 1))
        }
        #expect(error?.description.contains("65537 bytes long") == true)
        #expect((error?.description.utf8.count ?? .max) < 600)
    }

    @Test func `control characters of the line don't reach the error text`() {
        let error = #expect(throws: HandshakeError.self) { try Handshake.parse(Array("a\u{1B}[31m\nb".utf8)) }
        #expect(error?.description.contains("'a?[31m?b'") == true)
    }

    @Test func `the environment holds the protocol's variables and nothing of the host that isn't allowed`() {
        let host = ["PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "s3cret", "GF_X": "1", "TMPDIR": "/long"]
        var environment = PluginEnvironment(host: host, alsoAllowed: ["GF_X"], socketDirectory: "/run/g/p1")
        environment.set("GF_VERSION", "12.0.0")
        environment.set("grafana_plugin_type", "changed")
        environment.set("BAD=NAME", "x")
        #expect(
            environment.entries == [
                "GF_VERSION=12.0.0", "GF_X=1", "PATH=/bin", "PLUGIN_MAX_PORT=25000", "PLUGIN_MIN_PORT=10000",
                "PLUGIN_PROTOCOL_VERSIONS=2", "PLUGIN_UNIX_SOCKET_DIR=/run/g/p1", "TMPDIR=/run/g/p1",
                "grafana_plugin_type=datasource",
            ])
    }
}
