import Bytes
import DataPlaneAPI

extension TemplateFunction {
    /// The value of a call; `and` and `or` compute their arguments themselves and don't come here.
    func call(_ arguments: [JSONValue?]) throws(GatewayError) -> JSONValue? {
        switch self {
        case .and, .or: throw fault("can't be called like that")
        case .not: return .bool(!TemplateRun.isTrue(try only(arguments)))
        case .orEmpty: return try only(arguments) ?? .string("")
        case .eq:
            guard arguments.count > 1, let first = arguments.first else { throw fault("needs two arguments or more") }
            return .bool(arguments.dropFirst().contains { Self.areEqual(first, $0) })
        case .ne:
            guard arguments.count == 2 else { throw fault("needs two arguments") }
            return .bool(!Self.areEqual(arguments[0], arguments[1]))
        case .len: return .int(try length(try only(arguments)))
        case .index: return try index(arguments)
        case .print: return .string(try TemplateFormat.print(arguments))
        case .printf:
            guard case .string(let format) = arguments.first else { throw fault("needs a text as its first argument") }
            return .string(try TemplateFormat.printf(format, Array(arguments.dropFirst())))
        case .urlquery:
            let text = try TemplateFormat.print(arguments)
            return .string(Percent.encode(text).replacing("%20", with: "+"))
        }
    }

    private func fault(_ why: String) -> GatewayError { TemplateFault.unknown("the function \(rawValue) \(why)") }

    private func only(_ arguments: [JSONValue?]) throws(GatewayError) -> JSONValue? {
        guard arguments.count == 1 else { throw fault("needs one argument") }
        return arguments[0]
    }

    /// Numbers are compared by value; what is of two kinds is not equal.
    private static func areEqual(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        if case .number(let left) = left, case .number(let right) = right { return left.double == right.double }
        return left == right
    }

    private func length(_ value: JSONValue?) throws(GatewayError) -> Int {
        switch value {
        case .string(let text): return text.utf8.count
        case .array(let list): return list.count
        case .object(let object): return object.count
        default: throw fault("needs a text, a list or an object")
        }
    }

    /// Goes into a value key by key; what isn't there is missing.
    private func index(_ arguments: [JSONValue?]) throws(GatewayError) -> JSONValue? {
        guard var found = arguments.first else { throw fault("needs an argument") }
        for key in arguments.dropFirst() {
            switch (found, key) {
            case (nil, _), (.null, _): return nil
            case (.object(let object), .string(let name)): found = object[name]
            case (.array, .number(let number)): found = number.exactInt.flatMap { found?[$0] }
            default: throw fault("is given a key that does not fit the value")
            }
        }
        return found == .null ? nil : found
    }
}
