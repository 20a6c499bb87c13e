/// The rules for names that Kubernetes shares with DNS.
package enum Names {
    /// Whether a text is a DNS-1123 subdomain: labels of lower case letters, digits and `-`, joined by dots.
    package static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy { isLabel(Array($0)) }
    }

    /// Whether a text is a DNS-1123 label of 63 bytes at most.
    package static func isLabel(_ text: String) -> Bool { isLabel(Array(text.utf8)) }

    private static func isLabel(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return first != 0x2D && last != 0x2D
            && bytes.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }
}
