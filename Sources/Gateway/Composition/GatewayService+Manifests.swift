import APIServer
import ServiceLifecycle

extension GatewayService {
    /// So long a start waits for many manifests: what has changed in them is brought in step while requests are served.
    private static let patience = Duration.milliseconds(500)

    /// Follows manifests; returns when all of a few are in place.
    func start(_ manifests: ManifestFolder) async -> Task<Void, Never> {
        let (applied, mark) = AsyncStream<Void>.makeStream()
        let following = Task { await manifests.run { mark.finish() } }
        let timer = Task {
            guard !manifests.isSmall, (try? await Task.sleep(for: Self.patience)) != nil else { return }
            mark.finish()
        }
        await cancelWhenGracefulShutdown { for await _ in applied {} }
        timer.cancel()
        return following
    }
}
