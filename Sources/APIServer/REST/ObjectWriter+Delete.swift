import Bytes
import DataPlaneAPI
import Storage
import SystemKit

/// Removing what is stored.
extension ObjectWriter {
    /// Removes an object, or marks it when finalizers remain.
    func delete(
        _ key: ObjectKey, conditions: Preconditions, dryRun: Bool
    ) async throws(GatewayError) -> (object: StoredObject, isGone: Bool) {
        for _ in 0..<Self.attempts {
            guard let old = store.find(key) else { throw definition.notFound(key.name) }
            if let file = old.manifest, manifest == nil { throw guarded(old, file, "deleted") }
            let body = old.body
            let finalizers = body["metadata"]?["finalizers"]?.asArray ?? []
            do throws(GatewayError) {
                if dryRun {
                    try conditions.check(old)
                    return (old, finalizers.isEmpty)
                }
                if finalizers.isEmpty {
                    var exact = conditions
                    exact.resourceVersion = exact.resourceVersion ?? String(old.version)
                    return (try await store.delete(key, exact), true)
                }
                try conditions.check(old)
                if body["metadata"]?["deletionTimestamp"] != nil { return (old, false) }
                var marked = body
                marked["metadata"]?["deletionTimestamp"] = .string(WallClock.timestamp())
                marked["metadata"]?["deletionGracePeriodSeconds"] = 0
                marked["metadata"]?["generation"] = .int((body["metadata"]?["generation"]?.asInt ?? 0) &+ 1)
                return (
                    try await store.update(key, marked, expecting: old.version, note: old.note), false
                )
            } catch {
                guard error.code == .conflict, conditions.resourceVersion == nil, conditions.uid == nil || !isUID(error)
                else { throw error }
            }
        }
        throw definition.conflict(key.name)
    }

    private func isUID(_ error: GatewayError) -> Bool { error.message.contains("UID in precondition") }
}
