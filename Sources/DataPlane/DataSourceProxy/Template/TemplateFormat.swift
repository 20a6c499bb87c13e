import Bytes
import DataPlaneAPI

/// How values become text.
enum TemplateFormat {
    /// What an action prints for a value.
    static func text(_ value: JSONValue?) throws(GatewayError) -> String {
        switch value {
        case nil, .null: return "<no value>"
        case .string(let text): return text
        case .number(let number): return number.text
        case .bool(let flag): return flag ? "true" : "false"
        case .array, .object: throw TemplateFault.unknown("a list or an object is printed")
        }
    }

    /// Go's `print`: a blank between two values of which neither is a text.
    static func print(_ values: [JSONValue?]) throws(GatewayError) -> String {
        var out = ""
        var before: JSONValue? = .string("")
        for value in values {
            if before?.asString == nil, value?.asString == nil { out += " " }
            try append(try text(value), to: &out)
            before = value
        }
        return out
    }

    /// Go's `printf` with `%s`, `%v`, `%d`, `%q`, `%t` and `%%`.
    static func printf(_ format: String, _ values: [JSONValue?]) throws(GatewayError) -> String {
        var out = ""
        var rest = values[...]
        var parts = format.makeIterator()
        while let character = parts.next() {
            guard character == "%" else {
                try append(String(character), to: &out)
                continue
            }
            guard let verb = parts.next() else { throw fault("ends with %") }
            if verb == "%" {
                out += "%"
                continue
            }
            guard let value = rest.popFirst() else { throw fault("has fewer arguments than its format wants") }
            try append(try text(value, verb), to: &out)
        }
        guard rest.isEmpty else { throw fault("has more arguments than its format wants") }
        return out
    }

    private static func text(_ value: JSONValue?, _ verb: Character) throws(GatewayError) -> String {
        switch (verb, value) {
        case ("s", _), ("v", _): return try text(value)
        case ("q", .string(let text)): return quoted(text)
        case ("t", .bool(let flag)): return flag ? "true" : "false"
        case ("d", .number(let number)):
            guard let whole = number.exactInt else { throw fault("has a %d for a number that is not whole") }
            return String(whole)
        case ("d", _), ("q", _), ("t", _): throw fault("has a %\(verb) for a value of another kind")
        default: throw fault("has %\(verb), known are %s, %v, %d, %q, %t and %%")
        }
    }

    private static func fault(_ why: String) -> GatewayError { TemplateFault.unknown("printf \(why)") }

    private static func append(_ text: String, to out: inout String) throws(GatewayError) {
        out += text
        guard out.utf8.count <= TemplateRun.limit else { throw TemplateFault.tooLarge }
    }

    /// A text in Go's quotes.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\\(scalar)"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                out += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
