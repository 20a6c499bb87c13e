/// A reference to a data source as a query carries it.
package struct DataSourceReference: Sendable, Hashable {
    /// The plugin id the client believes in; empty in the legacy form that is only a uid.
    package var type: String
    /// The data source's uid.
    package var uid: String
    /// The API version; mostly empty.
    package var apiVersion: String

    /// Creates a reference.
    package init(type: String = "", uid: String = "", apiVersion: String = "") {
        self.type = type
        self.uid = uid
        self.apiVersion = apiVersion
    }
}

/// One query, ready to be sent to a plugin.
package struct ParsedQuery: Sendable, Hashable {
    /// The key of its answer.
    package var refID: String
    /// The plugin's own kind of query; empty if not given.
    package var queryType: String
    /// How many points the client wants at most.
    package var maxDataPoints: Int
    /// The distance between points in milliseconds.
    package var intervalMS: Int
    /// The range of time.
    package var range: TimeRange
    /// The data source named by the query; nil means the one of the path.
    package var dataSource: DataSourceReference?
    /// Whether the client hides the result; such queries are sent all the same, as Grafana's server does.
    package var isHidden: Bool
    /// The JSON to send: what the client wrote, without `timeRange`, in the order Grafana sends it.
    package var json: [UInt8]
}

/// The queries of one request; there is at least one and all of them mean the same data source.
package struct ParsedQueries: Sendable, Hashable {
    /// The queries in the order of the request.
    package var queries: [ParsedQuery]
    /// The uid of the path.
    package var dataSourceUID: String

    /// The type that queries name; empty if none names one, nil if none names a data source.
    package var dataSourceType: String? {
        let types = queries.lazy.compactMap(\.dataSource?.type)
        return types.first { !$0.isEmpty } ?? types.first
    }

    /// Checks the type the client wrote against the plugin id and its aliases; nothing written is fine, since the path
    /// says which data source is meant.
    package func checkType(accepted: [String]) throws(GatewayError) {
        for (index, query) in queries.enumerated() {
            guard let type = query.dataSource?.type, !type.isEmpty else { continue }
            if accepted.contains(type) { return }
            let field = "queries[\(index)].datasource.type"
            let cause = StatusCause.notSupported(field, type, supported: accepted)
            throw GatewayError(.badRequest, "invalid datasource type: \(cause.line)", causes: [cause])
        }
    }

    /// Checks that the uid the client wrote, if any, is the one of the path.
    package func checkUID() throws(GatewayError) {
        for (index, query) in queries.enumerated() {
            guard let uid = query.dataSource?.uid, !uid.isEmpty, uid != dataSourceUID else { continue }
            let field = "queries[\(index)].datasource.uid"
            let cause = StatusCause.invalid(field, string: uid, "must be the uid of the path")
            throw GatewayError(.badRequest, "invalid datasource UID: \(cause.line)", causes: [cause])
        }
    }
}
