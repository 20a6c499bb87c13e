import Bytes

/// One entry of `status.conditions`.
package struct Condition: Sendable, Hashable {
    /// What is known about it.
    package enum Status: String, Sendable, Hashable, CaseIterable {
        case isTrue = "True"
        case isFalse = "False"
        case unknown = "Unknown"
    }

    /// `Accepted`, `PluginReady`, `Available` or somebody else's word.
    package var type: String
    /// What is known about it.
    package var status: Status
    /// One word in CamelCase.
    package var reason: String
    /// A sentence for people.
    package var message: String
    /// When the status last changed, RFC 3339 in UTC.
    package var lastTransitionTime: String
    /// The generation of the object it was found for.
    package var observedGeneration: Int

    /// The routes of the object are registered.
    package static let accepted = "Accepted"
    /// The plugin answers.
    package static let pluginReady = "PluginReady"
    /// The summary of the others.
    package static let available = "Available"

    /// Creates a condition.
    package init(
        type: String, status: Status, reason: String, message: String, lastTransitionTime: String = "",
        observedGeneration: Int = 0
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.lastTransitionTime = lastTransitionTime
        self.observedGeneration = observedGeneration
    }

    init(_ json: JSONValue, path: String) throws(GatewayError) {
        type = try json.requiredString("type", in: path)
        let word = try json.requiredString("status", in: path)
        guard let status = Status(rawValue: word) else {
            throw .badField(.notSupported("\(path).status", word, supported: Status.allCases.map(\.rawValue)))
        }
        self.status = status
        reason = try json.string("reason", in: path) ?? ""
        message = try json.string("message", in: path) ?? ""
        lastTransitionTime = try json.string("lastTransitionTime", in: path) ?? ""
        observedGeneration = try json.int("observedGeneration", in: path) ?? 0
    }

    /// The condition as JSON; empty parts are left out.
    package var json: JSONValue {
        var json: JSONValue = ["type": .string(type), "status": .string(status.rawValue)]
        if observedGeneration > 0 { json["observedGeneration"] = .int(observedGeneration) }
        if !lastTransitionTime.isEmpty { json["lastTransitionTime"] = .string(lastTransitionTime) }
        if !reason.isEmpty { json["reason"] = .string(reason) }
        if !message.isEmpty { json["message"] = .string(message) }
        return json
    }
}

extension [Condition] {
    /// The condition of this type.
    package subscript(type: String) -> Condition? { first { $0.type == type } }

    /// Sets a condition; its time changes to `now` only if it is new or its status changes.
    ///
    /// Returns whether anything changed, so that an equal status needn't be written.
    @discardableResult
    package mutating func set(_ condition: Condition, now: String) -> Bool {
        var condition = condition
        guard let index = firstIndex(where: { $0.type == condition.type }) else {
            condition.lastTransitionTime = now
            append(condition)
            return true
        }
        let old = self[index]
        condition.lastTransitionTime = old.status == condition.status ? old.lastTransitionTime : now
        self[index] = condition
        return old != condition
    }

    /// Sets `Available` as the summary: false with the first false condition's reason, true if all are true.
    @discardableResult
    package mutating func summarise(observedGeneration: Int, now: String) -> Bool {
        let parts = [Condition.accepted, Condition.pluginReady].map { type in
            self[type] ?? Condition(type: type, status: .unknown, reason: "Pending", message: "\(type) isn't known yet")
        }
        let decisive = parts.first { $0.status == .isFalse } ?? parts.first { $0.status == .unknown }
        let summary = Condition(
            type: Condition.available, status: decisive?.status ?? .isTrue, reason: decisive?.reason ?? "Passed",
            message: decisive?.message ?? "all routes are served", observedGeneration: observedGeneration)
        return set(summary, now: now)
    }
}
