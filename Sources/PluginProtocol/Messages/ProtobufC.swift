import Bytes
internal import CGRPC
import RPC

// What protobuf-c unpacked, copied out as Swift values: the C memory is freed right after.

extension ProtobufCBinaryData {
    /// A copy of the bytes.
    var bytes: [UInt8] { Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : len)) }

    /// The bytes as text, with ill-formed UTF-8 replaced.
    var text: String {
        String(decoding: UnsafeBufferPointer(start: data, count: data == nil ? 0 : len), as: UTF8.self)
    }
}

/// The messages of a repeated field.
func elements<T>(_ list: UnsafeMutablePointer<UnsafeMutablePointer<T>?>?, _ count: Int) -> [T] {
    UnsafeBufferPointer(start: list, count: list == nil ? 0 : count).compactMap { $0?.pointee }
}

/// The values of a repeated bytes field.
func elements(_ list: UnsafeMutablePointer<ProtobufCBinaryData>?, _ count: Int) -> [ProtobufCBinaryData] {
    Array(UnsafeBufferPointer(start: list, count: list == nil ? 0 : count))
}

/// The entries of a map of strings; the last of equal keys counts.
func map(_ list: UnsafeMutablePointer<UnsafeMutablePointer<Pluginv2__StringEntry>?>?, _ count: Int) -> [String: String]
{
    Dictionary(elements(list, count).map { ($0.key.text, $0.value.text) }) { $1 }
}

/// Maps of strings to lists, as resource calls carry headers.
enum CGRPCHeaders {
    static func read(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Pluginv2__StringListEntry>?>?, _ count: Int
    ) -> [PluginHeader] {
        elements(list, count).map { entry in
            let values = entry.value.map { elements($0.pointee.values, $0.pointee.n_values).map(\.bytes) }
            return PluginHeader(name: entry.key.text, values: values ?? [])
        }
    }
}

/// Unpacks a message, copies what `body` takes from it and frees it.
func unpack<T, R>(
    _ message: GRPCMessage, as name: String,
    _ unpacker: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<T>?,
    _ free: (UnsafeMutablePointer<T>?, UnsafeMutablePointer<ProtobufCAllocator>?) -> Void,
    _ body: (T) -> R
) throws(WireError) -> R {
    try message.withBytes { (bytes: UnsafeRawBufferPointer) throws(WireError) -> R in
        let start = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        guard let unpacked = unpacker(nil, bytes.count, start) else {
            throw WireError("the message of \(bytes.count) bytes is no \(name)")
        }
        defer { free(unpacked, nil) }
        return body(unpacked.pointee)
    }
}
