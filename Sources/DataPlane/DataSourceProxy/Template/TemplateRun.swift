import Bytes
import DataPlaneAPI

/// Runs a template: prints its nodes, bounded in size.
///
/// Values are JSON; nil is what is missing, and JSON's null.
struct TemplateRun {
    /// The most bytes of the whole text, and of any value on the way to it.
    static let limit = 64 * 1024

    private let root: JSONValue
    private var dot: JSONValue?
    private var dotIsRoot = true
    /// What has been printed.
    private(set) var out = ""

    init(root: JSONValue) {
        self.root = root
        dot = root
    }

    /// Prints nodes.
    mutating func write(_ nodes: [TemplateNode]) throws(GatewayError) {
        for node in nodes {
            switch node {
            case .text(let text): try append(text)
            case .print(let expression): try append(try TemplateFormat.text(try value(expression)))
            case .branch(let test, let movesDot, let then, let otherwise):
                let tested = try value(test)
                guard Self.isTrue(tested) else {
                    try write(otherwise)
                    continue
                }
                let before = (dot, dotIsRoot)
                if movesDot { (dot, dotIsRoot) = (tested, false) }
                try write(then)
                (dot, dotIsRoot) = before
            }
        }
    }

    private mutating func append(_ text: String) throws(GatewayError) {
        out += text
        guard out.utf8.count <= Self.limit else { throw TemplateFault.tooLarge }
    }

    /// Go's truth: nothing, false, 0 and what is empty are not true.
    static func isTrue(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null: false
        case .bool(let flag): flag
        case .number(let number): number.double != 0
        case .string(let text): !text.isEmpty
        case .array(let list): !list.isEmpty
        case .object(let object): !object.isEmpty
        }
    }

    private func value(_ expression: TemplateExpression) throws(GatewayError) -> JSONValue? {
        switch expression {
        case .value(let constant): return constant
        case .field(let names): return dotIsRoot ? try rootMember(names) : try Self.member(dot, names)
        case .root(let names): return try rootMember(names)
        case .member(let inner, let names): return try Self.member(try value(inner), names)
        case .call(.and, let arguments): return try firstOf(arguments, isTrue: false)
        case .call(.or, let arguments): return try firstOf(arguments, isTrue: true)
        case .call(let function, let arguments):
            var values: [JSONValue?] = []
            for argument in arguments { values.append(try value(argument)) }
            let result = try function.call(values)
            if case .string(let text) = result, text.utf8.count > Self.limit { throw TemplateFault.tooLarge }
            return result
        }
    }

    /// The first value whose truth is the wanted one, else the last; those behind it are not computed.
    private func firstOf(
        _ arguments: [TemplateExpression], isTrue wanted: Bool
    ) throws(GatewayError) -> JSONValue? {
        guard !arguments.isEmpty else { throw TemplateFault.unknown("and or or has no arguments") }
        var last: JSONValue?
        for argument in arguments {
            last = try value(argument)
            if Self.isTrue(last) == wanted { break }
        }
        return last
    }

    private func rootMember(_ names: [String]) throws(GatewayError) -> JSONValue? {
        if let first = names.first, root[first] == nil {
            throw TemplateFault.unknown("the field .\(first) is not known, only .JsonData, .SecureJsonData and .URL")
        }
        return try Self.member(root, names)
    }

    private static func member(_ value: JSONValue?, _ names: [String]) throws(GatewayError) -> JSONValue? {
        var found = value
        for name in names {
            switch found {
            case nil, .null: return nil
            case .object(let object): found = object[name]
            default: throw TemplateFault.unknown("the field .\(name) is asked of what has no fields")
            }
        }
        return found == .null ? nil : found
    }
}
