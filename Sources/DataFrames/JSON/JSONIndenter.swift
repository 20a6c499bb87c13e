import Bytes

/// Turns valid compact JSON into text indented by two spaces, in pieces of any size.
package struct JSONIndenter {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    // An opening bracket was written and nothing behind it yet: an empty list stays `[]`.
    private var isOpen = false

    /// Makes an indenter at the start of a text.
    package init() {}

    /// Takes the next piece of the text.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, to out: inout ByteWriter) {
        var index = 0
        while index < bytes.count {
            if isInString {
                let start = index
                skipString(bytes, &index)
                out.append(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
                continue
            }
            let byte = bytes[index]
            index &+= 1
            switch byte {
            case 0x20, 0x0a, 0x0d, 0x09: break
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                startValue(&out)
                out.append(byte)
                depth &+= 1
                isOpen = true
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth &-= 1
                if !isOpen { newLine(&out) }
                isOpen = false
                out.append(byte)
            case UInt8(ascii: ","):
                out.append(byte)
                newLine(&out)
            case UInt8(ascii: ":"):
                out.append(": " as StaticString)
            default:
                startValue(&out)
                out.append(byte)
                isInString = byte == UInt8(ascii: "\"")
            }
        }
    }

    private mutating func skipString(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) {
        while index < bytes.count {
            let byte = bytes[index]
            index &+= 1
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
                return
            }
        }
    }

    @inline(__always)
    private mutating func startValue(_ out: inout ByteWriter) {
        guard isOpen else { return }
        isOpen = false
        newLine(&out)
    }

    private func newLine(_ out: inout ByteWriter) {
        out.append(UInt8(ascii: "\n"))
        for _ in 0..<max(depth, 0) { out.append("  " as StaticString) }
    }
}
