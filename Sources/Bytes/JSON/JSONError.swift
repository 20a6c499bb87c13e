/// Why a text isn't the JSON it should be, and where.
package struct JSONError: Error, Sendable, Hashable {
    /// What is wrong.
    package enum Problem: String, Sendable, Hashable {
        case empty = "the text is empty (EOF)"
        case unexpectedEnd = "unexpected end of JSON input"
        case unexpectedByte = "unexpected character"
        case trailingBytes = "unexpected text after the value"
        case tooDeep = "nested too deeply"
        case invalidUTF8 = "invalid UTF-8"
        case controlCharacter = "control character in a string; write it as an escape"
        case invalidEscape = "invalid escape in a string"
        case invalidNumber = "invalid number"
        case invalidLiteral = "invalid literal; only true, false and null are known"
        case duplicateKey = "the key is given twice"
    }

    /// What is wrong.
    package var problem: Problem
    /// The offset of the first wrong byte, from 0.
    package var offset: Int
    /// The line of that byte, from 1.
    package var line: Int
    /// The column of that byte in its line, in bytes from 1.
    package var column: Int
    /// The path of the value it is in, such as `queries[1].refId`; empty at the top or where it isn't known.
    package var path: String

    init(_ problem: Problem, at offset: Int, in bytes: UnsafeRawBufferPointer, path: String = "") {
        self.problem = problem
        self.offset = offset
        self.path = path
        line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        column = offset - lineStart + 1
    }
}

extension JSONError: CustomStringConvertible {
    /// One line: what, where in the text, where in the value.
    package var description: String {
        let place = path.isEmpty ? "" : " in \(path)"
        return "\(problem.rawValue) at line \(line), column \(column) (byte \(offset))\(place)"
    }
}
