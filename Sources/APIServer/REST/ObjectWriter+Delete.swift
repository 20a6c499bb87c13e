import DataPlaneAPI
import SystemKit

/// Removing what is stored.
extension ObjectWriter {
    /// Removes an object, or marks it when finalizers remain.
    func delete(
        _ key: ObjectKey, conditions: Preconditions, dryRun: Bool
    ) async throws(GatewayError) -> (object: JSONValue, isGone: Bool) {
        for _ in 0..<Self.attempts {
            guard let old = try await store.get(key) else { throw definition.notFound(key.name) }
            if let file = old.manifest, manifest == nil { throw guarded(old, file, "deleted") }
            let finalizers = old.body["metadata"]?["finalizers"]?.asArray ?? []
            do throws(GatewayError) {
                if dryRun {
                    do { try StoreRows.check(old, conditions) } catch { throw StoreError.using(error) }
                    return (old.body, finalizers.isEmpty)
                }
                if finalizers.isEmpty {
                    var exact = conditions
                    exact.resourceVersion = exact.resourceVersion ?? String(old.version)
                    return (try await store.delete(key, exact).body, true)
                }
                do { try StoreRows.check(old, conditions) } catch { throw StoreError.using(error) }
                if old.body["metadata"]?["deletionTimestamp"] != nil { return (old.body, false) }
                var marked = old.body
                marked["metadata"]?["deletionTimestamp"] = .string(WallClock.timestamp())
                marked["metadata"]?["deletionGracePeriodSeconds"] = 0
                marked["metadata"]?["generation"] = .int((old.body["metadata"]?["generation"]?.asInt ?? 0) &+ 1)
                return (
                    try await store.update(key, marked, expecting: old.version, manifest: old.manifest).body, false
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
