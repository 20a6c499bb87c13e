/// Writes protobuf fields into one buffer of exact size: the same closure runs once to measure and once to write.
///
/// Fields that hold the default value are left out, as in proto3, unless the method says otherwise.
package struct WireWriter {
    // Empty while measuring.
    private let buffer: UnsafeMutableRawBufferPointer
    private let measuring: Bool
    private var count = 0

    private init(buffer: UnsafeMutableRawBufferPointer, measuring: Bool) {
        self.buffer = buffer
        self.measuring = measuring
    }

    private static func measure(_ body: (inout WireWriter) -> Void) -> Int {
        var writer = WireWriter(buffer: UnsafeMutableRawBufferPointer(start: nil, count: 0), measuring: true)
        body(&writer)
        return writer.count
    }

    /// The message as a payload that is sent without another copy.
    package static func payload(_ body: (inout WireWriter) -> Void) -> GRPCPayload {
        GRPCPayload(size: measure(body)) { buffer in
            var writer = WireWriter(buffer: buffer, measuring: false)
            body(&writer)
        }
    }

    /// The message as bytes.
    package static func encode(_ body: (inout WireWriter) -> Void) -> [UInt8] {
        let size = measure(body)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            var writer = WireWriter(buffer: UnsafeMutableRawBufferPointer(buffer), measuring: false)
            body(&writer)
            initialized = min(writer.count, size)
        }
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        // A closure that writes more than it measured is cut off rather than allowed past the buffer.
        if !measuring, bytes.count > 0, bytes.count <= buffer.count - count {
            UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: bytes)
        }
        count += measuring || bytes.count <= buffer.count - count ? bytes.count : 0
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        repeat {
            let low = UInt8(truncatingIfNeeded: rest & 0x7F)
            rest >>= 7
            if measuring {
                count += 1
            } else if count < buffer.count {
                buffer[count] = rest == 0 ? low : low | 0x80
                count += 1
            }
        } while rest != 0
    }

    private mutating func key(_ field: UInt32, _ wireType: UInt64) {
        varint(UInt64(field) << 3 | wireType)
    }

    /// An int32, int64 or enum field.
    package mutating func int(_ field: UInt32, _ value: Int64) {
        guard value != 0 else { return }
        key(field, 0)
        varint(UInt64(bitPattern: value))
    }

    /// A bool field.
    package mutating func bool(_ field: UInt32, _ value: Bool) {
        int(field, value ? 1 : 0)
    }

    /// Bytes, also when there are none: for entries of lists and messages already encoded.
    package mutating func raw(_ field: UInt32, _ bytes: UnsafeRawBufferPointer) {
        key(field, 2)
        varint(UInt64(bytes.count))
        put(bytes)
    }

    /// Bytes, also when there are none: for entries of lists and messages already encoded.
    package mutating func raw(_ field: UInt32, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw(field, $0) }
    }

    /// Bytes in two parts, also when there are none.
    package mutating func raw(_ field: UInt32, _ first: [UInt8], _ second: [UInt8]) {
        key(field, 2)
        varint(UInt64(first.count + second.count))
        first.withUnsafeBytes { put($0) }
        second.withUnsafeBytes { put($0) }
    }

    /// A bytes field.
    package mutating func bytes(_ field: UInt32, _ bytes: [UInt8]) {
        if !bytes.isEmpty { raw(field, bytes) }
    }

    /// A string field.
    package mutating func string(_ field: UInt32, _ text: String) {
        guard !text.isEmpty else { return }
        listed(field, text)
    }

    /// A string in a list: also when it is empty.
    package mutating func listed(_ field: UInt32, _ text: String) {
        var text = text
        text.withUTF8 { raw(field, UnsafeRawBufferPointer($0)) }
    }

    /// A message field, also when the message is empty.
    package mutating func message(_ field: UInt32, _ body: (inout WireWriter) -> Void) {
        key(field, 2)
        varint(UInt64(Self.measure(body)))
        body(&self)
    }

    /// A map of strings, sorted by key so that equal maps are equal bytes.
    package mutating func map(_ field: UInt32, _ map: [String: String]) {
        for (name, value) in map.count > 1 ? map.sorted(by: { $0.key < $1.key }) : Array(map) {
            message(field) { entry in
                entry.string(1, name)
                entry.string(2, value)
            }
        }
    }
}
