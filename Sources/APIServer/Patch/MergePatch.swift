import Bytes

/// JSON merge patches (RFC 7396).
enum MergePatch {
    /// The target with the patch merged in; null removes.
    static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard let members = patch.asObject else { return patch }
        var result: JSONValue = target.asObject == nil ? .emptyObject : target
        for member in members {
            if member.value.isNull {
                result[member.key] = nil
            } else {
                result[member.key] = apply(member.value, to: result[member.key] ?? .null)
            }
        }
        return result
    }
}
