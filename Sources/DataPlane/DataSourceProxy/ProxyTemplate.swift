import DataPlaneAPI

/// The templates of plugin.json: Go's, as far as plugins use them here.
///
/// Text, `{{ .JsonData.a.b }}`, `{{ .SecureJsonData.k }}`, `{{ .URL }}`, and `orEmpty` before one of these or behind a
/// bar. What is missing prints as `<no value>`, as in Go; nothing is escaped.
struct ProxyTemplate: Sendable {
    /// What templates are filled with.
    struct Values: Sendable {
        /// The data source's jsonData.
        var jsonData: JSONValue
        /// Its secrets.
        var secureJSONData: [String: String]
        /// Its URL.
        var url: String
    }

    private let values: Values

    init(_ values: Values) { self.values = values }

    /// A template filled in.
    ///
    /// - Throws: 501 for what isn't known here.
    func text(_ template: String) throws(GatewayError) -> String {
        var out = ""
        var rest = template[...]
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw Self.fault("{{ is not closed")
            }
            var before = rest[..<open.lowerBound]
            var action = rest[open.upperBound..<close.lowerBound]
            rest = rest[close.upperBound...]
            // `{{- ` and ` -}}` take the blanks around them away.
            if action.hasPrefix("- ") {
                action = action.dropFirst()
                while before.last?.isWhitespace == true { before = before.dropLast() }
            }
            if action.hasSuffix(" -") {
                action = action.dropLast()
                rest = rest.drop { $0.isWhitespace }
            }
            out += before
            out += try value(action)
        }
        return out + rest
    }

    private func value(_ action: Substring) throws(GatewayError) -> String {
        var words = action.split { $0.isWhitespace || $0 == "|" }
        let hasBar = action.contains("|")
        var missing = "<no value>"
        if words.count == 2, words[hasBar ? 1 : 0] == "orEmpty" {
            missing = ""
            words.remove(at: hasBar ? 1 : 0)
        } else if hasBar {
            throw Self.fault("the action {{\(action)}} is not known")
        }
        guard words.count == 1, let field = words.first, field.first == "." else {
            throw Self.fault("the action {{\(action)}} is not known")
        }
        let names = field.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        switch (names.first, names.count) {
        case ("URL", 1): return values.url
        case ("SecureJsonData", 2): return values.secureJSONData[names[1]] ?? missing
        case ("JsonData", 2...):
            var found: JSONValue? = values.jsonData
            for name in names.dropFirst() { found = found?[name] }
            switch found {
            case nil, .null: return missing
            case .string(let text): return text
            case .number(let number): return number.text
            case .bool(let flag): return flag ? "true" : "false"
            case .array, .object: throw Self.fault("\(field) is no plain value")
            }
        default: throw Self.fault("the field \(field) is not known")
        }
    }

    private static func fault(_ why: String) -> GatewayError {
        GatewayError(.notImplemented, "the routes of the plugin's plugin.json can't be used: \(why)")
    }
}
