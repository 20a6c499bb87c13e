import DataPlaneAPI
import HTTPKit

/// Which headers a front proxy states the user in; Kubernetes' `--requestheader-*` settings.
package struct RequestHeaderNames: Sendable, Equatable {
    /// The user's name; the first header with a value counts.
    package var user: [String]
    /// The user's uid.
    package var uid: [String]
    /// Groups, one header line each.
    package var group: [String]
    /// What the names of further facts begin with.
    package var extraPrefix: [String]

    /// Creates the names; the defaults are those that kube-aggregator sends.
    package init(
        user: [String] = ["X-Remote-User"], uid: [String] = ["X-Remote-Uid"], group: [String] = ["X-Remote-Group"],
        extraPrefix: [String] = ["X-Remote-Extra-"]
    ) {
        self.user = user
        self.uid = uid
        self.group = group
        self.extraPrefix = extraPrefix
    }

    /// Headers with another meaning, which can't state a user as well.
    private static let taken: Set<String> = [
        "accept", "authorization", "connection", "content-length", "content-type", "cookie", "date", "expect",
        "forwarded", "host", "keep-alive", "origin", "proxy-authorization", "proxy-connection", "sec-fetch-site",
        "sec-websocket-protocol", "te", "trailer", "transfer-encoding", "upgrade", "x-real-ip", "x-forwarded-for",
    ]

    /// Whether a name has another meaning, whatever its case and with `_` for `-`.
    package static func isTaken(_ name: String) -> Bool {
        taken.contains(String(name.lowercased().map { $0 == "_" ? "-" : $0 }))
    }

    /// What is wrong with the beginning of names; nil when it can be used.
    package static func prefixFault(_ prefix: String) -> String? {
        if let fault = fault(prefix) { return fault }
        let folded = prefix.lowercased()
        if folded.utf8.count < 4 || taken.contains(where: { $0.hasPrefix(folded) }) {
            return "\(prefix) is the beginning of headers with another meaning; take a longer one"
        }
        return nil
    }

    /// What is wrong with a name; nil when it can be used.
    package static func fault(_ name: String) -> String? {
        let isToken =
            !name.isEmpty
            && name.utf8.allSatisfy { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == UInt8(ascii: "-") }
        guard isToken else { return "must be a header name of letters, digits and dashes" }
        return taken.contains(name.lowercased()) ? "\(name) has another meaning; take a name of your own" : nil
    }

    /// All of them, to be recognised wherever headers are read.
    package var identityNames: IdentityNames {
        IdentityNames(names: user + uid + group, prefixes: extraPrefix)
    }
}
