import Bytes
import DataPlaneAPI

/// Makes the pieces of a template into what is run; how deep they nest is bounded.
struct TemplateParser {
    /// Brackets, blocks and bars within each other.
    static let depthLimit = 32

    private let pieces: [TemplatePiece]
    private var position = 0
    private var depth = 0

    /// What ends a list of nodes.
    private enum Ending {
        case template
        case end
        /// The words behind `else`.
        case otherwise(ArraySlice<TemplateToken>)
    }

    init(_ pieces: [TemplatePiece]) { self.pieces = pieces }

    /// The whole template.
    mutating func template() throws(GatewayError) -> [TemplateNode] {
        let (nodes, ending) = try list()
        guard case .template = ending else { throw TemplateFault.unknown("an end or else has no if before it") }
        return nodes
    }

    private mutating func list() throws(GatewayError) -> ([TemplateNode], Ending) {
        var nodes: [TemplateNode] = []
        while pieces.indices.contains(position) {
            let piece = pieces[position]
            position += 1
            switch piece {
            case .text(let text): nodes.append(.text(text))
            case .action(let tokens):
                switch tokens.first {
                case .word("end"):
                    guard tokens.count == 1 else { throw TemplateFault.unknown("something stands behind end") }
                    return (nodes, .end)
                case .word("else"): return (nodes, .otherwise(tokens.dropFirst()))
                case .word("if"): nodes.append(try branch(tokens.dropFirst(), movesDot: false))
                case .word("with"): nodes.append(try branch(tokens.dropFirst(), movesDot: true))
                default: nodes.append(.print(try pipeline(tokens[...])))
                }
            }
        }
        return (nodes, .template)
    }

    private mutating func branch(
        _ test: ArraySlice<TemplateToken>, movesDot: Bool
    ) throws(GatewayError) -> TemplateNode {
        try deeper()
        defer { depth -= 1 }
        let test = try pipeline(test)
        let (then, ending) = try list()
        var otherwise: [TemplateNode] = []
        switch ending {
        case .template: throw TemplateFault.unknown("an if or with has no end")
        case .end: break
        case .otherwise(let words):
            switch words.first {
            case nil:
                let (nodes, ending) = try list()
                guard case .end = ending else { throw TemplateFault.unknown("an else has no end") }
                otherwise = nodes
            // These share the end of the first one.
            case .word("if"): otherwise = [try branch(words.dropFirst(), movesDot: false)]
            case .word("with"): otherwise = [try branch(words.dropFirst(), movesDot: true)]
            default: throw TemplateFault.unknown("something other than if or with stands behind else")
            }
        }
        return .branch(test, movesDot: movesDot, then: then, otherwise: otherwise)
    }

    private mutating func deeper() throws(GatewayError) {
        guard depth < Self.depthLimit else {
            throw TemplateFault.unknown("a template is nested deeper than \(Self.depthLimit)")
        }
        depth += 1
    }

    /// Commands between bars; the value of each is the last argument of the next.
    private mutating func pipeline(_ tokens: ArraySlice<TemplateToken>) throws(GatewayError) -> TemplateExpression {
        var rest = tokens
        let expression = try pipeline(&rest)
        guard rest.isEmpty else { throw TemplateFault.unknown("a bracket closes that was not opened") }
        return expression
    }

    private mutating func pipeline(_ rest: inout ArraySlice<TemplateToken>) throws(GatewayError) -> TemplateExpression {
        let before = depth
        defer { depth = before }
        var expression = try command(&rest, piped: nil)
        while rest.first == .bar {
            rest.removeFirst()
            try deeper()
            expression = try command(&rest, piped: expression)
        }
        return expression
    }

    private mutating func command(
        _ rest: inout ArraySlice<TemplateToken>, piped: TemplateExpression?
    ) throws(GatewayError) -> TemplateExpression {
        var function: TemplateFunction?
        if case .word(let name) = rest.first, !Self.constants.contains(name) {
            function = TemplateFunction(rawValue: name)
            guard function != nil else { throw TemplateFault.unknown("the function \(name) is not known") }
            rest.removeFirst()
        }
        var operands: [TemplateExpression] = []
        while let token = rest.first, token != .bar, token != .close { operands.append(try operand(token, &rest)) }
        if let piped { operands.append(piped) }
        if let function { return .call(function, operands) }
        guard piped == nil else { throw TemplateFault.unknown("something other than a function stands behind a bar") }
        guard let only = operands.first else { throw TemplateFault.unknown("an action is empty") }
        guard operands.count == 1 else { throw TemplateFault.unknown("something that is no function has arguments") }
        return only
    }

    private static let constants = ["true", "false", "nil"]

    private mutating func operand(
        _ token: TemplateToken, _ rest: inout ArraySlice<TemplateToken>
    ) throws(GatewayError) -> TemplateExpression {
        rest.removeFirst()
        switch token {
        case .field(let names): return .field(names)
        case .root(let names): return .root(names)
        case .string(let text): return .value(.string(text))
        case .number(let number): return .value(.number(number))
        case .word("true"): return .value(.bool(true))
        case .word("false"): return .value(.bool(false))
        case .word("nil"): return .value(nil)
        case .word(let name): throw TemplateFault.unknown("\(name) stands where a value must; put calls into brackets")
        case .open:
            try deeper()
            defer { depth -= 1 }
            let inner = try pipeline(&rest)
            guard rest.first == .close else { throw TemplateFault.unknown("a bracket is not closed") }
            rest.removeFirst()
            guard case .member(let names) = rest.first else { return inner }
            rest.removeFirst()
            return .member(inner, names)
        case .member, .bar, .close: throw TemplateFault.unknown("an action has its words in an order that is not known")
        }
    }
}
