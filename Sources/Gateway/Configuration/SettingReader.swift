import DataPlaneAPI
import HTTPKit

/// Reads one setting's value and says what is wrong with it.
struct SettingReader {
    let key: String
    let value: String
    let origin: String

    func fault(_ why: String) -> GatewayError {
        GatewayError(.badRequest, "\(origin): \(key): \(why) (got \"\(value)\")")
    }

    func text() throws(GatewayError) -> String {
        guard !value.isEmpty else { throw fault("must not be empty") }
        return value
    }

    func number(_ range: ClosedRange<Int>) throws(GatewayError) -> Int {
        // As in other YAML: `1_000`, `0x10`.
        guard let number = Int(value) ?? GoInteger.value(value), range.contains(number) else {
            throw fault("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// A number, with 0 for no limit.
    func optional(_ range: ClosedRange<Int>) throws(GatewayError) -> Int? {
        value == "0" ? nil : try number(range)
    }

    /// A port; 0 means off (as in Kubernetes' flags), "any" asks for a free one.
    func port() throws(GatewayError) -> Int? {
        if value == "any" { return 0 }
        guard let number = Int(value), (0...65535).contains(number) else {
            throw fault("must be a port from 1 to 65535, 0 for off or \"any\" for a free one")
        }
        return number == 0 ? nil : number
    }

    func choice(_ allowed: [String]) throws(GatewayError) -> String {
        guard allowed.contains(value) else { throw fault("must be one of \(allowed.joined(separator: ", "))") }
        return value
    }

    func address() throws(GatewayError) -> ListenAddress {
        guard let colon = value.lastIndex(of: ":"), let port = Int(value[value.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw fault("must be HOST:PORT, port 0 for any free one") }
        var host = String(value[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { throw fault("must be HOST:PORT, port 0 for any free one") }
        return ListenAddress(host: host, port: port)
    }
}
