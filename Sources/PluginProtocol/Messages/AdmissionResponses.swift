import Bytes
internal import CGRPC
import RPC

/// The Kubernetes Status that a plugin gives as its reason.
public struct StatusResult: Sendable, Equatable {
    /// `Success` or `Failure`.
    public var status: String
    /// A sentence for people.
    public var message: String
    /// A word for machines.
    public var reason: String
    /// The HTTP status.
    public var code: Int32

    /// A status.
    public init(status: String, message: String, reason: String, code: Int32) {
        self.status = status
        self.message = message
        self.reason = reason
        self.code = code
    }

    fileprivate init(_ message: Pluginv2__StatusResult) {
        self.init(
            status: message.status.text, message: message.message.text, reason: message.reason.text,
            code: message.code)
    }

    fileprivate func write(_ writer: inout WireWriter) {
        writer.string(1, status)
        writer.string(2, message)
        writer.string(3, reason)
        writer.int(4, Int64(code))
    }
}

/// The answer to validation and mutation.
public struct AdmissionResult: Sendable, Equatable {
    /// Whether the object may be stored.
    public var allowed: Bool
    /// Why not; not to be read when allowed.
    public var result: StatusResult?
    /// Short sentences for the client.
    public var warnings: [String]
    /// The whole object after mutation; empty after validation.
    public var object: [UInt8]

    /// An answer.
    public init(allowed: Bool, result: StatusResult? = nil, warnings: [String] = [], object: [UInt8] = []) {
        self.allowed = allowed
        self.result = result
        self.warnings = warnings
        self.object = object
    }

    /// Reads a ValidationResponse or MutationResponse.
    package init(_ message: GRPCMessage) throws(WireError) {
        self = try unpack(
            message, as: "admission response", pluginv2__admission_response__unpack,
            pluginv2__admission_response__free_unpacked
        ) { response in
            AdmissionResult(
                allowed: response.allowed != 0, result: (response.result?.pointee).map(StatusResult.init),
                warnings: elements(response.warnings, response.n_warnings).map(\.text),
                object: response.object_bytes.bytes)
        }
    }

    /// Writes the response, for plugins.
    package func payload() -> GRPCPayload {
        WireWriter.payload { writer in
            writer.bool(1, allowed)
            if let result { writer.message(2) { result.write(&$0) } }
            for warning in warnings { writer.listed(3, warning) }
            writer.bytes(4, object)
        }
    }
}

/// The answer to a conversion.
public struct ConversionResult: Sendable, Equatable {
    /// The uid of the request; plugins may leave it empty.
    public var uid: String
    /// Whether it worked; plugins may leave it out.
    public var result: StatusResult?
    /// The converted objects.
    public var objects: [RawObject]

    /// An answer.
    public init(uid: String, result: StatusResult? = nil, objects: [RawObject]) {
        self.uid = uid
        self.result = result
        self.objects = objects
    }

    /// Reads a ConversionResponse.
    package init(_ message: GRPCMessage) throws(WireError) {
        self = try unpack(
            message, as: "ConversionResponse", pluginv2__conversion_response__unpack,
            pluginv2__conversion_response__free_unpacked
        ) { response in
            ConversionResult(
                uid: response.uid.text, result: (response.result?.pointee).map(StatusResult.init),
                objects: elements(response.objects, response.n_objects).map(RawObject.init))
        }
    }

    /// Writes the response, for plugins.
    package func payload() -> GRPCPayload {
        WireWriter.payload { writer in
            writer.string(1, uid)
            if let result { writer.message(2) { result.write(&$0) } }
            writer.objects(3, objects)
        }
    }
}

extension RawObject {
    init(_ message: Pluginv2__RawObject) {
        self.init(raw: message.raw.bytes, contentType: message.content_type.text)
    }
}
