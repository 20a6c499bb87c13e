import Bytes

/// A request of an API server to convert objects to another version: `apiextensions.k8s.io/v1`, `ConversionReview`.
package struct ConversionReview: Sendable {
    /// The type's name.
    package static let kind = "ConversionReview"
    /// The only version.
    package static let apiVersion = "apiextensions.k8s.io/v1"

    /// What an object is recognised by; converting changes nothing of it.
    struct Identity: Hashable {
        var kind = ""
        var name = ""
        var namespace = ""
        var uid = ""
    }

    /// What the answer is recognised by.
    package let uid: String
    /// What the objects are to be converted to.
    package let desired: GroupVersion
    /// The objects' bytes as they were sent, in order.
    package let objects: [ArraySlice<UInt8>]
    private let identities: [Identity]

    /// Reads the body of a request.
    ///
    /// The cost is that of scanning the body; objects aren't decoded.
    ///
    /// - Throws: 400 that names the field.
    package init(_ body: [UInt8]) throws(GatewayError) {
        // The objects lie three levels deep.
        let fields = try ReviewFields(whole: body, maxDepth: ReviewFields.objectDepth + 3)
        _ = try Review.version(fields, kind: Self.kind, supported: [Self.apiVersion])
        guard let request = try fields.object("request") else { throw .badField(.required("request")) }
        let json = try request.values(["uid", "desiredAPIVersion"])
        uid = try Review.uid(json)
        let text = try json.requiredString("desiredAPIVersion", in: "request")
        guard let desired = GroupVersion(text) else {
            throw .badField(
                .invalid("request.desiredAPIVersion", string: text, "must be group/version, such as example.org/v1"))
        }
        self.desired = desired
        guard let entries = try request.objects("objects") else { throw .badField(.required("request.objects")) }
        objects = entries.map(\.raw)
        var identities: [Identity] = []
        for entry in entries { identities.append(try Identity(entry.fields)) }
        self.identities = identities
    }

    /// The answer made of what the plugin said: compact JSON, with the objects' bytes as the plugin sent them.
    ///
    /// An answer that breaks a rule becomes a failure that names the first object at fault: as many objects as were
    /// asked for, in order, of the desired version, of unchanged kind, name, namespace and uid.
    package func response(converted: [ArraySlice<UInt8>], result: ReviewResult? = nil) -> [UInt8] {
        if let result, result.isFailure { return failure(result) }
        guard converted.count == objects.count else {
            return brokenAnswer("the plugin answered with \(converted.count) objects, not \(objects.count)")
        }
        var out = head()
        out += #","convertedObjects":["#.utf8
        for (index, raw) in converted.enumerated() {
            if index > 0 { out.append(0x2C) }
            let bytes = Array(raw)
            do throws(GatewayError) {
                let fields = try ReviewFields(whole: bytes, maxDepth: ReviewFields.objectDepth)
                if let fault = try fault(of: fields, identities[index]) {
                    return brokenAnswer("\(name(index)): \(fault)")
                }
            } catch {
                return brokenAnswer("\(name(index)): the plugin's answer can't be read: \(error.message)")
            }
            out += bytes
        }
        out += #"],"result":{"status":"Success"}}}"#.utf8
        return out
    }

    /// The answer that nothing was converted.
    package func failure(_ result: ReviewResult) -> [UInt8] {
        var out = head()
        out += #","result":"#.utf8
        result.failure.write(to: &out, JSONValue.Style(escapeHTML: true))
        out += "}}".utf8
        return out
    }

    /// The answer that nothing was converted because of an error.
    package func failure(_ error: GatewayError) -> [UInt8] {
        failure(ReviewResult(message: error.message, reason: error.code.row.reason, code: error.httpStatus))
    }

    // The uid is the request's: what a plugin makes up can't answer somebody else's request.
    private func head() -> [UInt8] {
        var out = Array(#"{"kind":"\#(Self.kind)","apiVersion":"\#(Self.apiVersion)","response":{"uid":"#.utf8)
        JSONText.appendQuoted(uid, to: &out, escapeHTML: true)
        return out
    }

    private func brokenAnswer(_ message: String) -> [UInt8] {
        failure(GatewayError(.badGateway, message, source: .plugin))
    }

    private func name(_ index: Int) -> String {
        let identity = identities[index]
        let name = identity.namespace.isEmpty ? identity.name : "\(identity.namespace)/\(identity.name)"
        return "request.objects[\(index)] (\(identity.kind) \"\(name)\")"
    }

    private func fault(of fields: ReviewFields, _ asked: Identity) throws(GatewayError) -> String? {
        let version = try fields.values(["apiVersion"]).string("apiVersion") ?? ""
        if version != desired.text {
            return "the plugin answered with apiVersion \"\(version)\", not \"\(desired.text)\""
        }
        let found = try Identity(fields)
        for (field, before, after) in [
            ("kind", asked.kind, found.kind), ("metadata.name", asked.name, found.name),
            ("metadata.namespace", asked.namespace, found.namespace), ("metadata.uid", asked.uid, found.uid),
        ] where before != after {
            return "the plugin changed \(field) from \"\(before)\" to \"\(after)\""
        }
        return nil
    }
}

extension ConversionReview.Identity {
    init(_ fields: ReviewFields) throws(GatewayError) {
        kind = try fields.values(["kind"]).string("kind") ?? ""
        guard let metadata = try fields.object("metadata") else { return }
        let path = fields.name("metadata")
        let json = try metadata.values(["name", "namespace", "uid"])
        name = try json.string("name", in: path) ?? ""
        namespace = try json.string("namespace", in: path) ?? ""
        uid = try json.string("uid", in: path) ?? ""
    }
}

extension ReviewResult {
    /// Whether a conversion with this result failed; plugins that say nothing mean success.
    fileprivate var isFailure: Bool { status.isEmpty ? code >= 400 : status != "Success" }
}
