/// The one error type of the gateway: everything that can be told to a client, a log line or a metric.
package struct GatewayError: Error, Sendable, Hashable {
    /// Whose fault it is; decides the log level and the metric label `source`.
    package enum Source: String, Sendable, Hashable, CaseIterable {
        case client, gateway, plugin, backend, upstream
    }

    /// The object an error is about: `details` of the `Status` body.
    package struct Details: Sendable, Hashable {
        /// The object's name.
        package var name: String
        /// The API group; empty for the core group.
        package var group: String
        /// The resource's plural; for `invalid` the kind.
        package var kind: String
        /// The object's uid, where known.
        package var uid: String

        /// Creates details; empty parts are left out of the body.
        package init(name: String = "", group: String = "", kind: String = "", uid: String = "") {
            self.name = name
            self.group = group
            self.kind = kind
            self.uid = uid
        }

        /// `kind.group`, or `kind` alone in the core group.
        var qualified: String { group.isEmpty ? kind : "\(kind).\(group)" }
    }

    /// What went wrong; HTTP status, reason and metric label follow from it.
    package var code: ErrorCode
    /// Whose fault it is.
    package var source: Source
    /// What the client is told: what happened and what to do next.
    ///
    /// Never holds secrets or a plugin's stderr.
    package var message: String
    /// For logs only: what happened inside.
    package var cause: String?
    /// When trying again makes sense, in seconds.
    package var retryAfterSeconds: Int?
    /// What is wrong field by field.
    package var causes: [StatusCause]
    /// The object it is about.
    package var details: Details?
    /// The methods that are allowed, for the `Allow` header of a 405.
    package var allow: [String]

    /// Creates an error; the source defaults to the client below 500 and to the gateway from 500 on.
    package init(
        _ code: ErrorCode, _ message: String, source: Source? = nil, cause: String? = nil,
        retryAfterSeconds: Int? = nil, causes: [StatusCause] = [], details: Details? = nil, allow: [String] = []
    ) {
        self.code = code
        self.source = source ?? (code.httpStatus < 500 ? .client : .gateway)
        self.message = message
        self.cause = cause
        self.retryAfterSeconds = retryAfterSeconds
        self.causes = causes
        self.details = details
        self.allow = allow
    }

    /// The HTTP status number.
    package var httpStatus: Int { code.httpStatus }
}

extension GatewayError: CustomStringConvertible {
    /// One line for logs, with the inner cause.
    package var description: String {
        let inner = cause.map { " (\($0))" } ?? ""
        return "\(code.row.label) from \(source.rawValue): \(message)\(inner)"
    }
}
