import Bytes
import DataPlaneAPI
import HTTPKit

/// Reads one setting's value and says what is wrong with it.
struct SettingReader {
    let key: String
    let value: String
    let origin: String

    func fault(_ why: String) -> GatewayError {
        GatewayError(.badRequest, "\(Settings.place(key, origin)): \(why) (got \"\(value)\")")
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

    /// The unit of a time without one.
    enum TimeUnit: Double {
        case milliseconds = 1
        case seconds = 1_000
    }

    /// A time in that unit: a number, or numbers with units as Go writes them (`90s`, `1h30m`).
    func duration(_ range: ClosedRange<Int>, _ unit: TimeUnit = .seconds) throws(GatewayError) -> Int {
        let word = unit == .seconds ? "seconds" : "milliseconds"
        let wrong = fault(
            "must be a time from \(range.lowerBound) to \(range.upperBound) \(word), as a number or with a unit such as 90s or 5m"
        )
        if let number = Int(value) {
            guard range.contains(number) else { throw wrong }
            return number
        }
        guard let milliseconds = Self.milliseconds(value) else { throw wrong }
        let amount = milliseconds / unit.rawValue
        guard amount == amount.rounded() else { throw fault("must be whole \(word)") }
        guard amount >= Double(range.lowerBound), amount <= Double(range.upperBound) else { throw wrong }
        return Int(amount)
    }

    /// A time, with 0 for no limit.
    func optionalDuration(_ range: ClosedRange<Int>) throws(GatewayError) -> Int? {
        value == "0" ? nil : try duration(range)
    }

    private static let units: [(name: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    private static func milliseconds(_ text: String) -> Double? {
        var rest = Substring(text.filter { $0 != " " })
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let number = Double(digits), digits.first != ".", digits.last != ".",
                let unit = units.first(where: { $0.name == letters })
            else { return nil }
            total += number * unit.milliseconds
        }
        return total
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
