import Bytes
import DataPlaneAPI

/// `/livez` and `/readyz`.
struct HealthDocuments: Sendable {
    let core: APIServerCore

    func response(_ request: APIRequest, _ kind: String, _ only: String?) async -> APIResponse {
        let checks = kind == "readyz" ? core.readiness : []
        if let only {
            if only == "ping" { return .text("ok") }
            guard let check = checks.first(where: { $0.name == only }) else { return .failure(.unknownResource()) }
            return await check.failure() == nil
                ? .text("ok") : .text("internal server error: reason withheld", status: 500)
        }
        let excluded = Set(request.parameters("exclude"))
        var lines = [excluded.contains("ping") ? "[+]ping excluded: ok" : "[+]ping ok"]
        var isHealthy = true
        for check in checks {
            if excluded.contains(check.name) {
                lines.append("[+]\(check.name) excluded: ok")
            } else if await check.failure() == nil {
                lines.append("[+]\(check.name) ok")
            } else if check.isRequired {
                lines.append("[-]\(check.name) failed: reason withheld")
                isHealthy = false
            } else {
                lines.append("[-]\(check.name) failed, and is not required: reason withheld")
            }
        }
        let unknown = excluded.subtracting(checks.map(\.name) + ["ping"]).sorted()
        if !unknown.isEmpty {
            let names = unknown.map { "\"\($0)\"" }.joined(separator: ",")
            lines.append("warn: some health checks cannot be excluded: no matches for \(names)")
        }
        guard isHealthy else {
            return .text((lines + ["\(kind) check failed", ""]).joined(separator: "\n"), status: 500)
        }
        guard request.parameter("verbose") != nil else { return .text("ok") }
        return .text((lines + ["\(kind) check passed", ""]).joined(separator: "\n"))
    }
}

/// `/version`.
enum VersionDocument {
    /// The Kubernetes version whose behaviour clients may expect; kubectl warns when its own is more than one away.
    private static let minor = 33

    static func response(_ version: String, pretty: Bool) -> APIResponse {
        .json(
            [
                "major": "1", "minor": .string("\(minor)"), "gitVersion": .string("v1.\(minor).0+gateway.\(version)"),
                "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "",
                "compiler": "swift", "platform": "linux",
            ], pretty: pretty)
    }
}
