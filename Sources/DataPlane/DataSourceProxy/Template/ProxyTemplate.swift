import Bytes
import DataPlaneAPI

/// The templates of plugin.json: Go's `text/template` without loops, variables and templates of templates.
///
/// Nothing is escaped, and what is missing prints as `<no value>`, as in Go. Numbers print as they are written. Depth and
/// size are bounded, and there is no loop, so a template ends.
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

    private let root: JSONValue

    init(_ values: Values) {
        var secrets = JSONObject()
        for (name, value) in values.secureJSONData { secrets[name] = .string(value) }
        root = [
            "JsonData": values.jsonData, "SecureJsonData": .object(secrets), "URL": .string(values.url),
        ]
    }

    /// A template filled in.
    ///
    /// - Throws: 501 for what isn't known here, 400 for what is too large.
    func text(_ template: String) throws(GatewayError) -> String {
        var lexer = TemplateLexer(template)
        var parser = TemplateParser(try lexer.pieces())
        var run = TemplateRun(root: root)
        try run.write(try parser.template())
        return run.out
    }
}

/// Faults of templates; they never hold a value, which may be a secret.
enum TemplateFault {
    /// The template can't be read, or uses what isn't known here.
    static func unknown(_ why: String) -> GatewayError {
        GatewayError(.notImplemented, "the routes of the plugin's plugin.json can't be used: \(why)")
    }

    /// A text has become too long for a head.
    static var tooLarge: GatewayError {
        GatewayError(
            .badRequest,
            "a template of the plugin's plugin.json gives more than \(TemplateRun.limit / 1024) KiB with the data source's "
                + "settings", source: .gateway)
    }
}
