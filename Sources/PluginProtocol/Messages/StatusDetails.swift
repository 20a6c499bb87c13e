internal import CGRPC
import RPC

/// Whose fault a failed plugin call is, as plugins report it.
public enum PluginErrorSource: String, Sendable {
    /// The plugin itself.
    case plugin
    /// What the plugin called.
    case downstream
}

/// The trailer `grpc-status-details-bin`: a google.rpc.Status with details, of which ErrorInfo is of interest.
package enum StatusDetails {
    private static let errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo"

    /// The `errorSource` of the first ErrorInfo; nil when the bytes hold none or can't be read.
    package static func errorSource(_ bytes: UnsafeRawBufferPointer) -> PluginErrorSource? {
        let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        guard let status = google__rpc__status__unpack(nil, bytes.count, start) else { return nil }
        defer { google__rpc__status__free_unpacked(status, nil) }
        for detail in elements(status.pointee.details, status.pointee.n_details) {
            guard detail.type_url.text == errorInfoType else { continue }
            if let found = source(ofErrorInfo: detail.value) { return found }
        }
        return nil
    }

    private static func source(ofErrorInfo data: ProtobufCBinaryData) -> PluginErrorSource? {
        guard let info = google__rpc__error_info__unpack(nil, data.len, data.data) else { return nil }
        defer { google__rpc__error_info__free_unpacked(info, nil) }
        for entry in elements(info.pointee.metadata, info.pointee.n_metadata) where entry.key.text == "errorSource" {
            return PluginErrorSource(rawValue: entry.value.text)
        }
        return nil
    }

    /// The trailer of an error whose source is known.
    package static func encode(_ error: GRPCError, source: PluginErrorSource) -> [UInt8] {
        WireWriter.encode { status in
            status.int(1, Int64(error.code.rawValue))
            status.string(2, error.message)
            status.message(3) { any in
                any.string(1, errorInfoType)
                any.message(2) { info in
                    info.map(3, ["errorSource": source.rawValue])
                }
            }
        }
    }
}

extension GRPCError {
    /// An error of that code, with whose fault it is.
    package init(code: Code, message: String, errorSource: PluginErrorSource?) {
        self.init(code: code, message: message)
        if let errorSource { details = StatusDetails.encode(self, source: errorSource) }
    }

    /// Whose fault it is, from the ErrorInfo detail; nil when the plugin didn't say.
    package var errorSource: PluginErrorSource? {
        details.isEmpty ? nil : details.withUnsafeBytes { StatusDetails.errorSource($0) }
    }
}
