/// The query of a URL taken apart as Go's net/url does it, and so Kubernetes and Grafana: `&` stands between parameters,
/// `+` for a blank, and a parameter with an escape that can't be read counts as not given.
///
/// `badNames` are the parameters whose values were left out for that: whoever would do something else without one can
/// refuse it instead.
package struct QueryText: Sendable {
    /// One parameter.
    package struct Parameter: Sendable {
        /// Its name, decoded.
        package let name: String
        /// The bytes of its value, decoded; empty without one.
        package let bytes: [UInt8]
        /// Its value; what isn't UTF-8 becomes U+FFFD.
        package var value: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// The parameters in order.
    package private(set) var parameters: [Parameter] = []
    /// The names of those whose values can't be read, in order.
    package private(set) var badNames: [String] = []

    /// Takes a query apart, given without its question mark.
    package init(_ query: some Collection<UInt8>) {
        for part in query.split(separator: UInt8(ascii: "&")) {
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = halves.first, let key = Percent.decode(key, plusIsBlank: true) else { continue }
            let name = String(decoding: key, as: UTF8.self)
            if let value = halves.count > 1 ? Percent.decode(halves[1], plusIsBlank: true) : [] {
                parameters.append(Parameter(name: name, bytes: value))
            } else {
                badNames.append(name)
            }
        }
    }

    /// The first value of a parameter; nil when it isn't given.
    package subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }
    /// The bytes of the first value of a parameter; nil when it isn't given.
    package func bytes(_ name: String) -> [UInt8]? { parameters.first { $0.name == name }?.bytes }
    /// All values of a parameter in order.
    package func values(_ name: String) -> [String] { parameters.filter { $0.name == name }.map(\.value) }
}
