import DataPlaneAPI
import Synchronization

/// Keeps requests from the upstream while it isn't known what may not pass in them.
package final class ForwardingHold: Sendable {
    private let state: Atomic<Bool>

    /// Whether it holds.
    package var isOn: Bool { state.load(ordering: .acquiring) }

    /// A hold.
    package init(isOn: Bool) { state = Atomic(isOn) }

    /// Lets everything pass from now on.
    ///
    /// - Returns: whether something was held until now.
    package func release() -> Bool { state.exchange(false, ordering: .acquiringAndReleasing) }

    /// What requests are answered with meanwhile.
    var refusal: GatewayError? {
        guard isOn else { return nil }
        return GatewayError(
            .serviceUnavailable,
            "the gateway has not been able to read its upstream's configuration yet, and passes nothing on before it can: "
                + "what names a user there is not known; its log says what to do", retryAfterSeconds: 5)
    }
}
