import DataPlane
import DataPlaneAPI

/// The command `explain`.
package enum Explanation {
    /// From the files.
    package static func offline(method: String, path: String, _ settings: Settings) async throws -> String {
        throw GatewayError(.notImplemented, "explain reads nothing yet")
    }

    /// From the running gateway.
    package static func running(method: String, path: String, _ settings: Settings) async throws -> String {
        throw GatewayError(.notImplemented, "explain asks nobody yet")
    }
}
