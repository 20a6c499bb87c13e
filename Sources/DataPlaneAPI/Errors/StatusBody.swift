import Bytes

/// Writes the Kubernetes `Status` body.
package enum StatusBody {
    /// The failure body of an error: compact, in Kubernetes' key order, HTML characters escaped, no newline.
    package static func failure(_ error: GatewayError) -> [UInt8] {
        var out = JSONObjectText(capacity: 256 + error.message.utf8.count)
        out.head(status: "Failure")
        out.field("message", error.message)
        out.field("reason", error.code.row.reason)
        if let details = detailsText(error) { out.field("details", raw: details) }
        out.field("code", error.httpStatus)
        return out.finish()
    }

    /// The success body that a delete answers with; `uid` lets kubectl tell a re-created object from the old one.
    package static func success(_ details: GatewayError.Details) -> [UInt8] {
        var out = JSONObjectText(capacity: 256)
        out.head(status: "Success")
        var inner = JSONObjectText(capacity: 128)
        inner.details(details)
        out.field("details", raw: inner.finish())
        return out.finish()
    }

    private static func detailsText(_ error: GatewayError) -> [UInt8]? {
        let retry = error.retryAfterSeconds ?? 0
        guard error.details != nil || !error.causes.isEmpty || retry > 0 else { return nil }
        var out = JSONObjectText(capacity: 128)
        if let details = error.details { out.details(details) }
        if !error.causes.isEmpty {
            var list: [UInt8] = [0x5B]
            for (index, cause) in error.causes.enumerated() {
                if index > 0 { list.append(0x2C) }
                var entry = JSONObjectText(capacity: 128)
                entry.field("reason", nonEmpty: cause.reason)
                entry.field("message", nonEmpty: cause.message)
                entry.field("field", nonEmpty: cause.field)
                list += entry.finish()
            }
            list.append(0x5D)
            out.field("causes", raw: list)
        }
        if retry > 0 { out.field("retryAfterSeconds", retry) }
        return out.finish()
    }
}

/// A compact JSON object that is written field by field.
private struct JSONObjectText {
    private var bytes: [UInt8] = [0x7B]

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func head(status: String) {
        field("kind", "Status")
        field("apiVersion", "v1")
        field("metadata", raw: Array("{}".utf8))
        field("status", status)
    }

    mutating func details(_ details: GatewayError.Details) {
        field("name", nonEmpty: details.name)
        field("group", nonEmpty: details.group)
        field("kind", nonEmpty: details.kind)
        field("uid", nonEmpty: details.uid)
    }

    mutating func field(_ key: StaticString, _ value: String) {
        name(key)
        JSONText.appendQuoted(value, to: &bytes, escapeHTML: true)
    }

    mutating func field(_ key: StaticString, nonEmpty value: String) {
        if !value.isEmpty { field(key, value) }
    }

    mutating func field(_ key: StaticString, _ value: Int) {
        field(key, raw: Array(String(value).utf8))
    }

    mutating func field(_ key: StaticString, raw: [UInt8]) {
        name(key)
        bytes += raw
    }

    consuming func finish() -> [UInt8] {
        bytes.append(0x7D)
        return bytes
    }

    private mutating func name(_ key: StaticString) {
        if bytes.count > 1 { bytes.append(0x2C) }
        JSONText.appendQuoted(key.description, to: &bytes, escapeHTML: false)
        bytes.append(0x3A)
    }
}
