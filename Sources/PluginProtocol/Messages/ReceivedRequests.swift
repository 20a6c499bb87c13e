import Bytes
internal import CGRPC
import RPC

// The requests as a plugin reads them.

/// Several queries against one data source.
public struct QueryDataRequest: Sendable, Equatable {
    /// Who asks, and the data source.
    public var context: PluginContext
    /// What the host forwards; `http_<Name>` is the HTTP header `<Name>`.
    public var headers: [String: String]
    /// The queries.
    public var queries: [DataQuery]
    /// How the host wants the frames.
    public var format: DataFrameFormat

    /// Reads a QueryDataRequest; a format nobody knows reads as Arrow.
    package init(_ message: GRPCMessage) throws(WireError) {
        self = try unpack(
            message, as: "QueryDataRequest", pluginv2__query_data_request__unpack,
            pluginv2__query_data_request__free_unpacked
        ) { request in
            QueryDataRequest(
                context: PluginContext(request.plugincontext),
                headers: map(request.headers, request.n_headers),
                queries: elements(request.queries, request.n_queries).map(DataQuery.init),
                format: DataFrameFormat(rawValue: request.format) ?? .arrow)
        }
    }

    /// A request, for tests of plugins.
    public init(
        context: PluginContext, headers: [String: String] = [:], queries: [DataQuery],
        format: DataFrameFormat = .arrow
    ) {
        self.context = context
        self.headers = headers
        self.queries = queries
        self.format = format
    }
}

extension DataQuery {
    fileprivate init(_ message: Pluginv2__DataQuery) {
        self.init(
            refID: message.refid.text, maxDataPoints: message.maxdatapoints, intervalMS: message.intervalms,
            fromMS: message.timerange?.pointee.fromepochms ?? 0, toMS: message.timerange?.pointee.toepochms ?? 0,
            json: message.json.bytes, queryType: message.querytype.text)
    }
}

/// A question for the plugin's or the data source's health.
public struct CheckHealthRequest: Sendable, Equatable {
    /// Who asks, and the data source.
    public let context: PluginContext
    /// What the host forwards.
    public let headers: [String: String]

    /// Reads a CheckHealthRequest.
    package init(_ message: GRPCMessage) throws(WireError) {
        (context, headers) = try unpack(
            message, as: "CheckHealthRequest", pluginv2__check_health_request__unpack,
            pluginv2__check_health_request__free_unpacked
        ) { (PluginContext($0.plugincontext), map($0.headers, $0.n_headers)) }
    }
}

/// An HTTP request for a resource of the plugin.
public struct CallResourceRequest: Sendable, Equatable {
    /// Who asks, and the data source.
    public let context: PluginContext
    /// The path without leading slash.
    public let path: String
    /// The HTTP method.
    public let method: String
    /// The path with the raw query.
    public let url: String
    /// The headers in Go's canonical casing.
    public let headers: [PluginHeader]
    /// The whole body.
    public let body: [UInt8]

    /// Reads a CallResourceRequest.
    package init(_ message: GRPCMessage) throws(WireError) {
        (context, path, method, url, headers, body) = try unpack(
            message, as: "CallResourceRequest", pluginv2__call_resource_request__unpack,
            pluginv2__call_resource_request__free_unpacked
        ) { request in
            (
                PluginContext(request.plugincontext), request.path.text, request.method.text, request.url.text,
                CGRPCHeaders.read(request.headers, request.n_headers), request.body.bytes
            )
        }
    }
}

/// A request about a stream: to subscribe, to run or to publish.
public struct StreamRequest: Sendable, Equatable {
    /// Who asks, and the data source.
    public let context: PluginContext
    /// Which stream.
    public let path: String
    /// What the subscriber or publisher sent, JSON or nothing.
    public let data: [UInt8]
    /// What the host forwards.
    public let headers: [String: String]

    /// Reads the request.
    package init(_ message: GRPCMessage) throws(WireError) {
        (context, path, data, headers) = try unpack(
            message, as: "stream request", pluginv2__stream_request__unpack, pluginv2__stream_request__free_unpacked
        ) { request in
            (
                PluginContext(request.plugincontext), request.path.text, request.data.bytes,
                map(request.headers, request.n_headers)
            )
        }
    }
}

/// An object about to be stored.
public struct AdmissionRequest: Sendable, Equatable {
    /// Who asks.
    public let context: PluginContext
    /// The object and what happens to it.
    public let fields: AdmissionRequestFields

    /// Reads an AdmissionRequest; an operation nobody knows is an error.
    package init(_ message: GRPCMessage) throws(WireError) {
        let read = try unpack(
            message, as: "AdmissionRequest", pluginv2__admission_request__unpack,
            pluginv2__admission_request__free_unpacked
        ) { request in
            (
                PluginContext(request.plugincontext),
                AdmissionOperation(rawValue: request.operation).map { operation in
                    AdmissionRequestFields(
                        operation: operation, group: request.kind?.pointee.group.text ?? "",
                        version: request.kind?.pointee.version.text ?? "",
                        kind: request.kind?.pointee.kind.text ?? "", object: request.object_bytes.bytes,
                        oldObject: request.old_object_bytes.bytes)
                }
            )
        }
        guard let fields = read.1 else { throw WireError("the admission request has an unknown operation") }
        context = read.0
        self.fields = fields
    }
}

/// Objects to be converted to another version.
public struct ConversionRequest: Sendable, Equatable {
    /// Who asks.
    public let context: PluginContext
    /// Names the request; goes back in the answer.
    public let uid: String
    /// The objects.
    public let objects: [RawObject]
    /// The API group wanted.
    public let targetGroup: String
    /// The API version wanted.
    public let targetVersion: String

    /// Reads a ConversionRequest.
    package init(_ message: GRPCMessage) throws(WireError) {
        (context, uid, objects, targetGroup, targetVersion) = try unpack(
            message, as: "ConversionRequest", pluginv2__conversion_request__unpack,
            pluginv2__conversion_request__free_unpacked
        ) { request in
            (
                PluginContext(request.plugincontext), request.uid.text,
                elements(request.objects, request.n_objects).map(RawObject.init),
                request.target_version?.pointee.group.text ?? "", request.target_version?.pointee.version.text ?? ""
            )
        }
    }
}
