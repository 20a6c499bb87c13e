extension HeaderBlock {
    /// Adds a field behind the others; control characters but tabs in the value become spaces.
    ///
    /// - Parameter name: a token (RFC 9110 section 5.6.2); nothing is added otherwise.
    package mutating func add(_ name: String, _ value: some Collection<UInt8>) {
        guard Self.isName(name.utf8), storage.count + name.utf8.count + value.count < Int(Int32.max) - 8 else { return }
        let nameStart = storage.count
        storage.append(contentsOf: name.utf8)
        let nameEnd = storage.count
        storage.append(contentsOf: ": ".utf8)
        let valueStart = storage.count
        storage.append(contentsOf: value.lazy.map { Self.isControl($0) ? 0x20 : $0 })
        let valueEnd = storage.count
        storage.append(contentsOf: "\r\n".utf8)
        let known = storage.withUnsafeBytes { bytes in
            KnownHeader.of(UnsafeRawBufferPointer(rebasing: bytes[nameStart..<nameEnd]))
        }
        note(known)
        fields.append(
            Field(
                nameStart: Int32(truncatingIfNeeded: nameStart), nameEnd: Int32(truncatingIfNeeded: nameEnd),
                valueStart: Int32(truncatingIfNeeded: valueStart), valueEnd: Int32(truncatingIfNeeded: valueEnd),
                known: known))
    }

    /// The same with a text.
    package mutating func add(_ name: String, _ value: String) { add(name, value.utf8) }

    /// Adds the fields of another block behind its own.
    package mutating func add(_ other: HeaderBlock) {
        for field in other.fields { other.withValue(field) { add(other.name(field), $0) } }
    }

    /// The block with those of its fields that pass.
    package func filter(_ passes: (Field) -> Bool) -> HeaderBlock {
        HeaderBlock(storage: storage, fields: fields.filter(passes))
    }

    /// Whether bytes may be a field's name (RFC 9110 section 5.6.2).
    package static func isName(_ name: some Collection<UInt8>) -> Bool {
        !name.isEmpty
            && name.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether a byte may not stand in a field's value.
    @inline(__always)
    static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 && byte != 0x09 || byte == 0x7F }
}

extension HeaderBlock: ExpressibleByDictionaryLiteral {
    /// A block of fields that are known beforehand.
    package init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { add(name, value) }
    }
}
