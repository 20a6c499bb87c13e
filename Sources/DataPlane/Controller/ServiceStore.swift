import APIServer
import Bytes
import DataPlaneAPI
import Storage
import SystemKit

/// DataPlaneServices in the store.
extension WatchCache {
    /// Writes the conditions of a DataPlaneService, whoever owns the object; nothing is written if they are the same.
    ///
    /// Conditions of other types stay. Times are set here: a `lastTransitionTime` changes only with its status.
    ///
    /// - Parameters:
    ///   - uid: the object that is meant; one that was deleted and made anew is left alone.
    ///   - conditions: those to set.
    /// - Returns: whether anything was written; false also if the object is gone.
    @discardableResult
    func updateStatus(
        name: String, uid: String? = nil, conditions: [Condition]
    ) async throws(GatewayError) -> Bool {
        let key = ObjectKey(.dataPlaneServices, name: name)
        for _ in 0..<100 {
            guard let object = find(key) else { return false }
            if let uid, uid != object.uid { return false }
            let now = WallClock.timestamp()
            var body = object.body
            var present = try DataPlaneService(body).conditions
            var changed = false
            for condition in conditions where present.set(condition, now: now) { changed = true }
            guard changed else { return false }
            body["status"] = ["conditions": .array(present.map(\.json))]
            do throws(GatewayError) {
                _ = try await update(key, body, expecting: object.version, note: object.note)
                return true
            } catch {
                // Somebody wrote in between: look again.
                guard error.code == .conflict || error.code == .notFound else { throw error }
            }
        }
        throw .conflict(DataPlaneService.resource, group: DataPlaneService.group, name: name)
    }
}
