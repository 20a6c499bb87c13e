import DataPlaneAPI
import HTTPKit

extension Settings {
    /// What is wrong with the addresses: without authentication only loopback is bound.
    package var addressFaults: [GatewayError] {
        [("bind-address", bindAddress), ("admin-address", adminAddress.host)].compactMap { key, host in
            guard !Self.isLoopback(host) else { return nil }
            return GatewayError(
                .badRequest,
                "\(key): \(host) is not a loopback address, and no authentication is configured; use 127.0.0.1, ::1 or localhost"
            )
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
