import DataPlaneAPI

/// The organisation that a namespace stands for.
package enum Namespace {
    /// `default` is 1, `org-<n>` is n, `stacks-<n>` is the one organisation of that stack.
    ///
    /// - Throws: 404 for any other name.
    package static func orgID(_ name: String) throws(GatewayError) -> Int {
        if name == "default" { return 1 }
        if let number = number(name, after: "org-") { return number }
        if number(name, after: "stacks-") != nil { return 1 }
        throw GatewayError(
            .notFound, "namespace \"\(name)\" not found; there are default, org-<number> and stacks-<number>",
            details: .init(name: name, kind: "namespaces"))
    }

    private static func number(_ name: String, after prefix: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let digits = name.dropFirst(prefix.count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.first != "0" else {
            return nil
        }
        return Int(digits)
    }
}
