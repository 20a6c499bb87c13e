import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// The head of a plugin's answer to a resource call as it goes to the client.
struct ResourceResponseHead {
    /// The HTTP status, 200 to 599.
    let status: Int
    /// The length that the plugin states, nil when it states none or several.
    let statedLength: Int?
    private let headers: [PluginHeader]
    private let hopByHop: ConnectionOptions

    /// The fields that are about the connection or the body's length, by lower-case name: they aren't the plugin's to set.
    private static let dropped: [StaticString] = [
        "connection", "proxy-connection", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding",
        "upgrade", "content-length",
    ]

    /// Checks a head; the error names the status that is none.
    init(_ piece: CallResourcePiece, pluginID: String) throws(GatewayError) {
        guard (200...599).contains(piece.code) else {
            throw GatewayError(
                .badGateway,
                "plugin \(pluginID) answered with the status \(piece.code); the status of an answer lies between 200 and 599",
                source: .plugin)
        }
        status = Int(piece.code)
        headers = piece.headers
        hopByHop = ConnectionOptions(headers.filter { Self.name($0, "connection") }.flatMap(\.values))
        let lengths = headers.filter { Self.name($0, "content-length") }.flatMap(\.values)
        statedLength = lengths.count == 1 ? Self.length(lengths[0]) : nil
    }

    /// Whether the body is a stream of events, of which the next may be long in coming.
    var isEventStream: Bool {
        headers.contains { header in
            Self.name(header, "content-type")
                && header.values.contains { $0.withUnsafeBytes { $0.hasPrefix("text/event-stream") } }
        }
    }

    /// Whether the status allows a body.
    var allowsBody: Bool { status != 204 && status != 304 }

    /// Writes the fields that pass, and those that the gateway adds.
    func write(into out: inout FieldWriter) {
        var hasDate = false
        var hasType = false
        for header in headers {
            let passes = withName(header) { name in
                if name.equalsIgnoringCase("date") { hasDate = true }
                if name.equalsIgnoringCase("content-type") { hasType = hasType || !header.values.isEmpty }
                return HeaderBlock.isName(name) && !hopByHop.contains(name)
                    && !SiteFields.contains(name)
                    && !Self.dropped.contains { name.equalsIgnoringCase($0) }
            }
            guard passes else { continue }
            // In Go's canonical case, as Grafana sends it on.
            let name = withName(header) { ResourceRequestHeaders.canonical($0) }
            for value in header.values { out.add(name, bytes: value) }
        }
        if !hasType, status != 204, status != 304 { out.add("Content-Type", fixed: "application/json") }
        // A plugin's page must not run scripts with the rights of the site it is served from.
        out.add("Content-Security-Policy", fixed: "sandbox")
        if !hasDate { out.addDate() }
    }

    private static func name(_ header: PluginHeader, _ wanted: StaticString) -> Bool {
        var name = header.name
        return name.withUTF8 { UnsafeRawBufferPointer($0).equalsIgnoringCase(wanted) }
    }

    private func withName<R>(_ header: PluginHeader, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        var name = header.name
        return name.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    private static func length(_ value: [UInt8]) -> Int? {
        guard !value.isEmpty, value.count <= 18 else { return nil }
        var length = 0
        for byte in value {
            guard byte &- 0x30 < 10 else { return nil }
            length = length &* 10 &+ Int(byte &- 0x30)
        }
        return length
    }
}
