import Bytes

/// A word of an action.
enum TemplateToken: Equatable {
    /// A keyword, a function, `true`, `false` or `nil`.
    case word(String)
    /// `.a.b`; without names the dot alone.
    case field([String])
    /// `$.a.b`; without names `$` alone.
    case root([String])
    /// `.a.b` right behind a bracket that closes.
    case member([String])
    case string(String)
    case number(JSONNumber)
    case bar
    case open
    case close
}

/// What a template is made of.
enum TemplatePiece: Equatable {
    /// Text that is printed as it is.
    case text(String)
    /// The words between `{{` and `}}`.
    case action([TemplateToken])
}

/// What an action computes.
indirect enum TemplateExpression {
    /// A constant; nil for Go's `nil`.
    case value(JSONValue?)
    case field([String])
    case root([String])
    case member(TemplateExpression, [String])
    case call(TemplateFunction, [TemplateExpression])
}

/// A part of a template that prints something.
indirect enum TemplateNode {
    case text(String)
    case print(TemplateExpression)
    /// `if`, or `with`, which is an `if` that moves the dot.
    case branch(TemplateExpression, movesDot: Bool, then: [TemplateNode], otherwise: [TemplateNode])
}

/// The functions that templates may call: Go's that are of use for one line of text, and Grafana's own.
enum TemplateFunction: String, CaseIterable {
    case and, eq, index, len, ne, not, or, orEmpty, print, printf, urlquery
}
