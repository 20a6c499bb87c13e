import HTTPKit

/// A request to the server of a data source.
public struct HTTPRequest: Sendable {
    /// The method, an upper-case token.
    public var method: String
    /// Path and query, behind the path of the data source's URL; encoded.
    public var path: String
    /// Fields beside those of the data source, whose own come first.
    public var headers: [(name: String, value: String)]
    /// The body; nil for none.
    public var body: [UInt8]?

    /// A request.
    public init(
        _ method: String = "GET", _ path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// The answer of the server of a data source; redirects are answers like any other.
public struct HTTPResponse: Sendable {
    /// The status number.
    public let status: Int
    /// The whole body.
    public let body: [UInt8]
    private let fields: HeaderBlock

    init(status: Int, fields: HeaderBlock, body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// The first value of a field; nil without one.
    public func header(_ name: String) -> String? {
        fields.firstValue(ofName: name)
    }
}

extension HeaderBlock {
    /// The first value of a name that isn't known beforehand.
    func firstValue(ofName name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { self.name($0).lowercased() == wanted }.map(value)
    }
}
