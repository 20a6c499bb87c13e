import DataPlaneAPI
import HTTPKit
import PluginBridge

/// The header fields that a data source adds to every request.
struct ProxyFields {
    private var fields: [(name: String, lower: String, value: String)] = []

    /// Names that frame a message or belong to one hop: setting them would break the connection or smuggle requests.
    private static let reserved: Set<String> = [
        "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// Sets a field; replaces one of that name.
    ///
    /// - Throws: 400 for what can't stand in a head; never with the value, which may be a secret.
    mutating func set(_ name: String, _ value: String) throws(GatewayError) {
        let lower = name.lowercased()
        guard HeaderBlock.isName(name.utf8), !Self.reserved.contains(lower) else {
            throw GatewayError(
                .badRequest, "the data source sets the header \"\(name)\", which can't be set", source: .gateway)
        }
        let value = value.trimmed
        guard value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
            throw GatewayError(
                .badRequest,
                "the value of the data source's header \"\(name)\" has a line break or another control "
                    + "character", source: .gateway)
        }
        fields.removeAll { $0.lower == lower }
        fields.append((name, lower, value))
    }

    /// Whether a field of this lower-case name is set.
    func has(_ lower: String) -> Bool { fields.contains { $0.lower == lower } }

    /// Removes a field; nil when it isn't set.
    mutating func take(_ lower: String) -> String? {
        guard let index = fields.firstIndex(where: { $0.lower == lower }) else { return nil }
        return fields.remove(at: index).value
    }

    /// The fields.
    var block: HeaderBlock { fields.reduce(into: HeaderBlock()) { $0.add($1.name, $1.value) } }
    /// The names, lower case.
    var names: [[UInt8]] { fields.map { Array($0.lower.utf8) } }

    /// Whether a client's field is Grafana's own, or tells who asks: such fields don't reach data sources.
    static func isGrafanas(_ name: UnsafeRawBufferPointer) -> Bool { ResourceRequestHeaders.isDropped(name) }
}

extension String {
    /// Without blanks at both ends.
    fileprivate var trimmed: String {
        let front = drop { $0 == " " || $0 == "\t" }
        var end = front
        while let last = end.last, last == " " || last == "\t" { end = end.dropLast() }
        return String(end)
    }
}
