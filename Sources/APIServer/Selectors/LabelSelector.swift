import DataPlaneAPI

/// A label selector: requirements that must all hold.
struct LabelSelector: Sendable, Hashable {
    enum Requirement: Sendable, Hashable {
        case isIn(String, Set<String>)
        case isNotIn(String, Set<String>)
        case exists(String)
        case isMissing(String)
        case greater(String, Int)
        case less(String, Int)
    }

    var requirements: [Requirement] = []

    var isEmpty: Bool { requirements.isEmpty }

    /// Whether an object with these labels is chosen.
    func matches(_ label: (String) -> String?) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): label(key).map { values.contains($0) } ?? false
            case .isNotIn(let key, let values): label(key).map { !values.contains($0) } ?? true
            case .exists(let key): label(key) != nil
            case .isMissing(let key): label(key) == nil
            case .greater(let key, let bound): label(key).flatMap { Int($0) }.map { $0 > bound } ?? false
            case .less(let key, let bound): label(key).flatMap { Int($0) }.map { $0 < bound } ?? false
            }
        }
    }

    /// Reads `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`, `k>5`, `k<5`, joined by commas.
    static func parse(_ text: String) throws(GatewayError) -> LabelSelector {
        var reader = Reader(text)
        var selector = LabelSelector()
        reader.skipSpaces()
        if reader.isAtEnd { return selector }
        while true {
            selector.requirements.append(try reader.requirement())
            reader.skipSpaces()
            if reader.isAtEnd { return selector }
            guard reader.take(",") else { throw reader.fault("a comma was expected") }
        }
    }

    private struct Reader {
        let text: String
        var rest: Substring

        init(_ text: String) {
            self.text = text
            rest = text[...]
        }

        var isAtEnd: Bool { rest.isEmpty }

        func fault(_ why: String) -> GatewayError {
            GatewayError(.badRequest, "unable to parse requirement: \(why) in the label selector \"\(text)\"")
        }

        mutating func skipSpaces() { rest = rest.drop { $0 == " " || $0 == "\t" } }

        mutating func take(_ token: String) -> Bool {
            skipSpaces()
            guard rest.hasPrefix(token) else { return false }
            rest = rest.dropFirst(token.count)
            return true
        }

        mutating func word() -> String {
            skipSpaces()
            let word = rest.prefix { !" \t,()=!<>".contains($0) }
            rest = rest.dropFirst(word.count)
            return String(word)
        }

        mutating func key() throws(GatewayError) -> String {
            let key = word()
            if let why = LabelRules.faultOfKey(key) { throw fault("the key \"\(key)\" \(why)") }
            return key
        }

        mutating func value() throws(GatewayError) -> String {
            let value = word()
            guard LabelRules.isValue(value) else { throw fault("the value \"\(value)\" \(LabelRules.valueRule)") }
            return value
        }

        mutating func requirement() throws(GatewayError) -> Requirement {
            if take("!") { return .isMissing(try key()) }
            let key = try key()
            if take("==") || take("=") { return .isIn(key, [try value()]) }
            if take("!=") { return .isNotIn(key, [try value()]) }
            if take(">") { return .greater(key, try number()) }
            if take("<") { return .less(key, try number()) }
            skipSpaces()
            if rest.isEmpty || rest.first == "," { return .exists(key) }
            switch word() {
            case "in": return .isIn(key, try values())
            case "notin": return .isNotIn(key, try values())
            default: throw fault("an operator (=, !=, in, notin, <, >) was expected after \"\(key)\"")
            }
        }

        mutating func number() throws(GatewayError) -> Int {
            guard let number = Int(word()) else { throw fault("an integer was expected") }
            return number
        }

        mutating func values() throws(GatewayError) -> Set<String> {
            guard take("(") else { throw fault("'(' was expected") }
            var values: Set<String> = []
            while true {
                values.insert(try value())
                if take(",") { continue }
                guard take(")") else { throw fault("')' was expected") }
                return values
            }
        }
    }
}
