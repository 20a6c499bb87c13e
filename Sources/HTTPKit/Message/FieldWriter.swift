import NIOCore

/// Writes the fields of a head by name and value; the form that they take on the wire is the codec's business.
package struct FieldWriter {
    /// The head so far.
    package internal(set) var out: ByteBuffer
    private let date: [UInt8]

    /// A writer behind what there is.
    ///
    /// - Parameters:
    ///   - out: what stands before the fields.
    ///   - date: the value of a `Date` field; empty for none.
    package init(_ out: consuming ByteBuffer, date: [UInt8] = []) {
        self.out = out
        self.date = date
    }

    /// Adds a field; control characters in the value become spaces, so that no value can add a field.
    package mutating func add(_ name: StaticString, _ value: String) {
        begin(name)
        out.writeString(value)
        clean(value.utf8.count)
        out.writeStaticString("\r\n")
    }

    /// Adds a field with a value that is always the same.
    package mutating func add(_ name: StaticString, fixed value: StaticString) {
        begin(name)
        out.writeStaticString(value)
        out.writeStaticString("\r\n")
    }

    /// Adds a field; control characters but tabs in the value become spaces.
    package mutating func add(_ name: StaticString, bytes value: some Collection<UInt8>) {
        begin(name)
        end(value)
    }

    /// The same with a name that isn't known beforehand: a token (RFC 9110 section 5.6.2), nothing is added otherwise.
    package mutating func add(_ name: String, bytes value: some Collection<UInt8>) {
        guard HeaderBlock.isName(name.utf8) else { return }
        out.writeString(name)
        out.writeStaticString(": ")
        end(value)
    }

    /// Adds the `Date` field, for answers that the gateway itself makes.
    package mutating func addDate() {
        guard !date.isEmpty else { return }
        begin("Date")
        out.writeBytes(date)
        out.writeStaticString("\r\n")
    }

    /// Adds all fields of a block as they are spelled.
    package mutating func add(_ block: HeaderBlock) { copy(block) { _ in true } }

    /// Adds a field of a block as it is spelled.
    package mutating func copy(_ block: HeaderBlock, _ field: HeaderBlock.Field) {
        block.withName(field) { _ = out.writeBytes($0) }
        out.writeStaticString(": ")
        block.withValue(field) { _ = out.writeBytes($0) }
        out.writeStaticString("\r\n")
    }

    /// Adds those fields of a block that pass, as they are spelled.
    ///
    /// Fields that stand behind one another in the block, as most do, are copied together.
    package mutating func copy(_ block: HeaderBlock, where passes: (HeaderBlock.Field) -> Bool) {
        block.storage.withUnsafeBytes { bytes in
            var run: Range<Int32>?
            for field in block.fields where passes(field) {
                guard field.isPlain(in: bytes) else {
                    writeRun(&run, bytes)
                    copy(block, field)
                    continue
                }
                if let begun = run, field.nameStart == begun.upperBound &+ 2 {
                    run = begun.lowerBound..<field.valueEnd
                } else {
                    writeRun(&run, bytes)
                    run = field.nameStart..<field.valueEnd
                }
            }
            writeRun(&run, bytes)
        }
    }

    private mutating func writeRun(_ run: inout Range<Int32>?, _ bytes: UnsafeRawBufferPointer) {
        guard let begun = run else { return }
        out.writeBytes(HeaderBlock.slice(bytes, begun.lowerBound, begun.upperBound))
        out.writeStaticString("\r\n")
        run = nil
    }

    /// Adds `Content-Length`.
    package mutating func addLength(_ length: Int) { out.writeLengthField(length) }

    /// The head with the empty line at its end; the writer is of no use any more.
    package mutating func finished() -> ByteBuffer {
        out.writeStaticString("\r\n")
        let head = out
        out = ByteBuffer()
        return head
    }

    private mutating func begin(_ name: StaticString) {
        out.writeStaticString(name)
        out.writeStaticString(": ")
    }

    private mutating func end(_ value: some Collection<UInt8>) {
        out.writeBytes(value)
        clean(value.count)
        out.writeStaticString("\r\n")
    }

    /// Takes the control characters out of the last bytes.
    private mutating func clean(_ count: Int) {
        out.withUnsafeMutableReadableBytes { bytes in
            for index in max(0, bytes.count - count)..<bytes.count where HeaderBlock.isControl(bytes[index]) {
                bytes[index] = 0x20
            }
        }
    }
}

extension HeaderBlock.Field {
    /// Whether the field stands in the block as it is written: its name, a colon, a blank, its value.
    fileprivate func isPlain(in bytes: UnsafeRawBufferPointer) -> Bool {
        guard valueStart == nameEnd &+ 2, nameStart >= 0, nameEnd >= nameStart, valueEnd >= valueStart,
            Int(valueEnd) <= bytes.count
        else { return false }
        return bytes[Int(nameEnd)] == UInt8(ascii: ":") && bytes[Int(nameEnd) + 1] == 0x20
    }
}
