import RPC

/// Writes the requests of a host other than queries.
///
/// `context` is what `PluginContext.encoded()` gave.
package enum PluginRequest {
    /// CheckHealthRequest.
    package static func checkHealth(context: ContextBytes, headers: [String: String] = [:]) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.raw(1, context)
            writer.map(2, headers)
        }
    }

    /// CollectMetricsRequest.
    package static func collectMetrics(context: ContextBytes) -> GRPCPayload {
        WireWriter.payload { $0.raw(1, context) }
    }

    /// CallResourceRequest.
    ///
    /// `path` has no leading slash, `url` is the path with the raw query.
    package static func callResource(
        context: ContextBytes, path: [UInt8], method: String, url: [UInt8], headers: [PluginHeader], body: [UInt8]
    ) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.raw(1, context)
            writer.bytes(2, path)
            writer.string(3, method)
            writer.bytes(4, url)
            writer.map(5, headers)
            writer.bytes(6, body)
        }
    }

    /// SubscribeStreamRequest, RunStreamRequest and PublishStreamRequest, which have the same fields.
    package static func stream(
        context: ContextBytes, path: String, data: [UInt8] = [], headers: [String: String] = [:]
    ) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.raw(1, context)
            writer.string(2, path)
            writer.bytes(3, data)
            writer.map(4, headers)
        }
    }

    /// AdmissionRequest, for validation and mutation.
    package static func admission(context: ContextBytes, _ request: AdmissionRequestFields) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.raw(1, context)
            writer.int(2, Int64(request.operation.rawValue))
            // Always there: plugins read it without a check.
            writer.message(3) { kind in
                kind.string(1, request.group)
                kind.string(2, request.version)
                kind.string(3, request.kind)
            }
            writer.bytes(4, request.object)
            writer.bytes(5, request.oldObject)
        }
    }

    /// ConversionRequest.
    package static func conversion(
        context: ContextBytes, uid: String, objects: [RawObject], targetGroup: String, targetVersion: String
    ) -> GRPCPayload {
        WireWriter.payload { writer in
            writer.raw(1, context)
            writer.string(2, uid)
            writer.objects(3, objects)
            writer.message(4) { target in
                target.string(1, targetGroup)
                target.string(2, targetVersion)
            }
        }
    }

    /// HealthCheckRequest of the standard health service; go-plugin servers know the service `plugin`.
    package static func health(service: String = "plugin") -> GRPCPayload {
        WireWriter.payload { $0.string(1, service) }
    }
}

/// What happens to the object of an admission request.
public enum AdmissionOperation: Int32, Sendable {
    /// The object is new.
    case create = 0
    /// The object changes.
    case update = 1
    /// The object goes away.
    case delete = 2
    /// Somebody connects to the object; outside of pluginv2's enum, as Grafana sends it.
    case connect = 3
}

/// An admission request without its context.
public struct AdmissionRequestFields: Sendable, Equatable {
    /// What happens to the object.
    public var operation: AdmissionOperation
    /// The API group of the object.
    public var group: String
    /// The API version of the object.
    public var version: String
    /// The kind of the object.
    public var kind: String
    /// The new object.
    public var object: [UInt8]
    /// The object as it was, for updates and deletions.
    public var oldObject: [UInt8]

    /// A request.
    public init(
        operation: AdmissionOperation, group: String, version: String, kind: String, object: [UInt8],
        oldObject: [UInt8] = []
    ) {
        self.operation = operation
        self.group = group
        self.version = version
        self.kind = kind
        self.object = object
        self.oldObject = oldObject
    }
}

/// An object in the form its content type names.
public struct RawObject: Sendable, Equatable {
    /// The bytes.
    public var raw: [UInt8]
    /// The media type, usually `application/json`.
    public var contentType: String

    /// An object.
    public init(raw: [UInt8], contentType: String) {
        self.raw = raw
        self.contentType = contentType
    }
}

extension WireWriter {
    /// A list of objects.
    package mutating func objects(_ field: UInt32, _ objects: [RawObject]) {
        for object in objects {
            message(field) { writer in
                writer.bytes(1, object.raw)
                writer.string(2, object.contentType)
            }
        }
    }
}
