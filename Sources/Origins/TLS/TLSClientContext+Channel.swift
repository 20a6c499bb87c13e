import DataPlaneAPI
import NIOCore

extension TLSClientSettings {
    /// Encrypts a new connection that isn't one of a pool.
    ///
    /// - Parameters:
    ///   - channel: the connection, before anything was sent on it; call on its loop.
    ///   - host: what was connected to.
    package func encrypt(_ channel: any Channel, host: String) throws {
        let context = try TLSMaterial(self).context().mapError { $0.error(words) }.get()
        try channel.pipeline.syncOperations.addHandler(try TLSClientContext(context, self, host: host).handler())
    }
}
