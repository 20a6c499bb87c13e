import DataPlaneAPI

/// The query parameters of a write.
struct WriteOptions: Sendable {
    /// Everything but storing is done.
    var dryRun = false
    /// What to do about unknown fields.
    var fieldValidation = FieldValidation.warn
    /// Who writes.
    var manager: String
    /// Whether an apply takes fields from others.
    var force = false

    init(manager: String) { self.manager = manager }

    /// Reads the parameters.
    ///
    /// - Parameters:
    ///   - kind: `CreateOptions` and so on, for the 422.
    ///   - isApply: whether it is a server-side apply, which must name its manager.
    init(_ request: APIRequest, kind: String, isApply: Bool = false) throws(GatewayError) {
        var causes: [StatusCause] = []
        let values = request.parameters("dryRun").filter { !$0.isEmpty }
        for value in values where value != "All" {
            causes.append(.notSupported("dryRun", value, supported: ["All"]))
        }
        dryRun = !values.isEmpty
        if let word = request.parameter("fieldValidation"), !word.isEmpty {
            if let validation = FieldValidation(rawValue: word) {
                fieldValidation = validation
            } else {
                causes.append(
                    .notSupported("fieldValidation", word, supported: ["Ignore", "Warn", "Strict"]))
            }
        }
        let given = request.parameter("fieldManager") ?? ""
        if given.utf8.count > 128 { causes.append(.tooLong("fieldManager", limit: 128)) }
        if given.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            causes.append(.invalid("fieldManager", string: given, "should only contain printable characters"))
        }
        if isApply, given.isEmpty { causes.append(.required("fieldManager", "is required for apply patch")) }
        manager = given.isEmpty ? request.agent : given
        if request.parameter("force") != nil {
            if isApply {
                force = request.flag("force")
            } else if kind == "PatchOptions" {
                causes.append(.forbidden("force", "may not be specified for non-apply patch"))
            }
        }
        guard causes.isEmpty else {
            throw .invalid(kind: kind, group: "meta.k8s.io", name: "", causes)
        }
    }
}
