/// The first line of a plugin on standard output: versions, address and protocol, separated by `|`.
package struct Handshake: Sendable, Equatable {
    /// The version of the process protocol; always 1.
    package let coreVersion: Int
    /// The version of the application protocol; always 2.
    package let appVersion: Int
    /// Where the plugin listens.
    package let address: PluginAddress
    /// Whether the plugin offered to multiplex its broker, which this host never asks for.
    package let multiplexing: Bool

    /// The longest line that is read, in bytes.
    package static let longestLine = 64 * 1024
    private static let coreVersion = 1
    private static let appVersion = 2

    /// Reads the line, without or with its line end.
    ///
    /// - Throws: `HandshakeError` with what is wrong and the line itself.
    package static func parse(_ line: some Collection<UInt8>) throws(HandshakeError) -> Handshake {
        guard line.count <= longestLine else {
            throw HandshakeError(
                "the handshake line is \(line.count) bytes long, at most \(longestLine) are read", line)
        }
        let parts = trimmed(String(decoding: line, as: UTF8.self)).split(
            separator: "|", omittingEmptySubsequences: false)
        guard parts.count >= 4 else {
            throw HandshakeError(
                "unrecognized remote plugin message: is the executable a Grafana backend plugin, and does it print "
                    + "nothing to standard output before the handshake?", line)
        }
        guard let core = integer(parts[0]), core == coreVersion else {
            throw HandshakeError(
                "incompatible core API version with plugin. Plugin version: \(parts[0]), Core version: \(coreVersion)",
                line)
        }
        guard let app = integer(parts[1]) else {
            throw HandshakeError("the application protocol version '\(parts[1])' is no number", line)
        }
        guard app == appVersion else {
            throw HandshakeError(
                "incompatible API version with plugin. Plugin version: \(app), Client versions: [\(appVersion)]", line)
        }
        let address = try address(network: parts[2], text: parts[3], line)
        let kind = parts.count > 4 ? String(parts[4]) : "netrpc"
        guard kind == "grpc" else {
            throw HandshakeError("unsupported plugin protocol '\(kind)'. Supported: [grpc]", line)
        }
        // The reference reads a certificate only when the field is longer than this.
        guard parts.count < 6 || parts[5].utf8.count <= 50 else {
            throw HandshakeError("the plugin asks for TLS, which the host did not offer", line)
        }
        let multiplexing = try multiplexing(parts, line)
        return Handshake(coreVersion: core, appVersion: app, address: address, multiplexing: multiplexing)
    }

    private static func address(
        network: Substring, text: Substring, _ line: some Collection<UInt8>
    ) throws(HandshakeError) -> PluginAddress {
        switch network {
        case "unix":
            let path = String(text)
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                throw HandshakeError("the socket path '\(path)' is not absolute", line)
            }
            guard path.utf8.count <= PluginAddress.longestSocketPath else {
                throw HandshakeError(
                    "the socket path is \(path.utf8.count) bytes long, Linux allows "
                        + "\(PluginAddress.longestSocketPath): give the plugin a shorter socket directory", line)
            }
            return .unix(path: path)
        case "tcp":
            guard let address = PluginAddress(tcp: text) else {
                throw HandshakeError("the address '\(text)' is no IP address with a port", line)
            }
            // What goes there holds the secrets of data sources, in the clear.
            guard address.isOnThisMachine else {
                throw HandshakeError("the address '\(text)' is not on this machine: listen on 127.0.0.1", line)
            }
            return address
        default:
            throw HandshakeError("unknown address type: '\(network)'", line)
        }
    }

    private static func multiplexing(
        _ parts: [Substring], _ line: some Collection<UInt8>
    ) throws(HandshakeError) -> Bool {
        guard parts.count > 6 else { return false }
        switch parts[6] {
        case "", "false": return false
        case "true": return true
        default: throw HandshakeError("the broker multiplexing field '\(parts[6])' is neither true nor false", line)
        }
    }

    private static func integer(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func trimmed(_ text: String) -> Substring {
        var rest = text[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}

/// A handshake line that can't be used.
package struct HandshakeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, with the line as the plugin wrote it.
    package let description: String

    init(_ problem: String, _ line: some Collection<UInt8>) {
        // Enough to recognise it, and nothing that could break a log line.
        let shown = String(decoding: line.prefix(300), as: UTF8.self).map { character in
            character.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F } ? character : "?"
        }
        description = "\(problem) (the line is '\(String(shown))'\(line.count > 300 ? ", cut" : ""))"
    }
}
