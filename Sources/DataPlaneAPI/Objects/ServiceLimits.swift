import Bytes

/// What bounds requests: `spec.limits` for all services of an object, `spec.services[].limits` for one of them.
///
/// Times are whole seconds, as in `timeoutSeconds` of Kubernetes' own types, and sizes are bytes, also with the unit in
/// the name: a quantity such as `16Mi` has many spellings of one value, which server-side apply and `kubectl diff` would
/// take for changes.
package struct ServiceLimits: Sendable, Hashable {
    /// How long a request may take, in seconds: until its answer has come as a whole; for streams and for http and
    /// upstream backends until its answer begins.
    package var timeoutSeconds: Int?
    /// How long the body of a request may be, in bytes.
    package var maxRequestBytes: Int?
    /// How long the body of an answer may be, in bytes; for streams one message.
    package var maxResponseBytes: Int?
    /// How many requests may be under way at once; of an object all its services together.
    package var maxConcurrentRequests: Int?

    /// Creates limits; nil means the default.
    package init(
        timeoutSeconds: Int? = nil, maxRequestBytes: Int? = nil, maxResponseBytes: Int? = nil,
        maxConcurrentRequests: Int? = nil
    ) {
        self.timeoutSeconds = timeoutSeconds
        self.maxRequestBytes = maxRequestBytes
        self.maxResponseBytes = maxResponseBytes
        self.maxConcurrentRequests = maxConcurrentRequests
    }

    /// One field: its name, its place, and what it may be.
    struct Field: Sendable {
        let name: String
        let place: any WritableKeyPath<ServiceLimits, Int?> & Sendable
        let range: ClosedRange<Int>
    }

    /// All fields.
    static let fields = [
        Field(name: "timeoutSeconds", place: \.timeoutSeconds, range: timeoutRange),
        Field(name: "maxRequestBytes", place: \.maxRequestBytes, range: byteRange),
        Field(name: "maxResponseBytes", place: \.maxResponseBytes, range: byteRange),
        Field(name: "maxConcurrentRequests", place: \.maxConcurrentRequests, range: concurrencyRange),
    ]

    /// What a time-out may be, in seconds: up to a day.
    package static let timeoutRange = 1...86_400
    /// What a size may be, in bytes: up to a terabyte.
    package static let byteRange = 1...(1 << 40)
    /// What a number of requests may be.
    package static let concurrencyRange = 1...1_000_000
}

extension ServiceLimits {
    /// Reads the member `limits`; nil if there is none, a 400 that names the field for a wrong type.
    init?(in json: JSONValue, path: String) throws(GatewayError) {
        guard let object = try json.object("limits", in: path) else { return nil }
        self.init()
        let (json, path) = (JSONValue.object(object), JSONValue.join(path, "limits"))
        for field in Self.fields { self[keyPath: field.place] = try json.int(field.name, in: path) }
    }

    /// The limits that are given, as JSON.
    var json: JSONValue {
        var json = JSONValue.emptyObject
        for field in Self.fields {
            if let value = self[keyPath: field.place] { json[field.name] = .int(value) }
        }
        return json
    }

    /// What is wrong with them; `path` is that of the limits.
    func validate(_ path: String) -> [StatusCause] {
        Self.fields.compactMap { field in
            guard let value = self[keyPath: field.place], !field.range.contains(value) else { return nil }
            return .outOfRange("\(path).\(field.name)", value, field.range)
        }
    }
}

extension StatusCause {
    /// A number is too small or too big.
    package static func outOfRange(_ field: String, _ value: Int, _ range: ClosedRange<Int>) -> StatusCause {
        .invalid(field, String(value), "must be between \(range.lowerBound) and \(range.upperBound), inclusive")
    }
}

/// The limits that hold for the requests of one service: its own, else the object's, else the defaults.
package struct EffectiveLimits: Sendable, Hashable {
    /// What holds where an object says nothing; the gateway's settings may say otherwise.
    package struct Defaults: Sendable, Hashable {
        /// For a call of a plugin, in seconds.
        package var pluginTimeoutSeconds = 60
        /// For calls that somebody polls or that hold up a write: health, metrics, admission, conversion; in seconds.
        package var shortTimeoutSeconds = 30
        /// For the head of an answer of an http or upstream backend, in seconds.
        package var backendTimeoutSeconds = 300
        /// For the body of a request to a plugin, in bytes: what gRPC servers take by themselves.
        package var pluginRequestBytes = 16 * 1024 * 1024

        /// Creates the documented defaults.
        package init() {}
    }

    /// How long a request may take, in seconds.
    package var timeoutSeconds: Int
    /// How long the body of a request may be, in bytes; nil for no limit of its own.
    package var maxRequestBytes: Int?
    /// How long the body of an answer may be, in bytes; nil for no limit of its own.
    package var maxResponseBytes: Int?
    /// How many requests of the service may be under way at once; nil for no limit of its own.
    package var maxConcurrentRequests: Int?
    /// How many requests of all services of the object may be under way at once; nil for no limit.
    package var maxConcurrentRequestsOfObject: Int?
}

extension DataPlaneService.Spec {
    /// The limits that hold for the requests of a service.
    package func limits(
        of entry: ServiceEntry, defaults: EffectiveLimits.Defaults = .init()
    ) -> EffectiveLimits {
        let isPlugin = backend.kind == .plugin
        let timeout =
            switch entry.serviceType {
            case .health, .metrics, .admission, .conversion: defaults.shortTimeoutSeconds
            default: isPlugin ? defaults.pluginTimeoutSeconds : defaults.backendTimeoutSeconds
            }
        return EffectiveLimits(
            timeoutSeconds: entry.limits?.timeoutSeconds ?? limits?.timeoutSeconds ?? timeout,
            maxRequestBytes: entry.limits?.maxRequestBytes ?? limits?.maxRequestBytes
                ?? (isPlugin ? defaults.pluginRequestBytes : nil),
            maxResponseBytes: entry.limits?.maxResponseBytes ?? limits?.maxResponseBytes,
            maxConcurrentRequests: entry.limits?.maxConcurrentRequests,
            maxConcurrentRequestsOfObject: limits?.maxConcurrentRequests)
    }
}
