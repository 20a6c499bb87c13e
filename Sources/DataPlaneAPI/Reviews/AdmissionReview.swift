import Bytes

/// A request of an API server to judge or change an object: `admission.k8s.io`, `AdmissionReview`.
package struct AdmissionReview: Sendable, Hashable {
    /// The type's name.
    package static let kind = "AdmissionReview"
    /// The versions that are understood; the answer has the version of the request.
    package static let apiVersions = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]

    /// The version of the request.
    package let apiVersion: String
    /// What is asked.
    package let request: AdmissionReviewRequest

    /// Reads the body of a request.
    ///
    /// The cost is that of scanning the body; objects aren't decoded.
    ///
    /// - Throws: 400 that names the field.
    package init(_ body: [UInt8]) throws(GatewayError) {
        // The objects lie two levels deep.
        let fields = try ReviewFields(whole: body, maxDepth: ReviewFields.objectDepth + 2)
        apiVersion = try Review.version(fields, kind: Self.kind, supported: Self.apiVersions)
        guard let request = try fields.object("request") else { throw .badField(.required("request")) }
        self.request = try AdmissionReviewRequest(request)
    }
}

/// What a plugin says to an admission request (pluginv2 `ValidationResponse` and `MutationResponse`).
package struct AdmissionAnswer: Sendable, Hashable {
    /// Whether the object may be stored.
    package var allowed: Bool
    /// Why not; it counts only if the object isn't allowed.
    package var result: ReviewResult?
    /// What the client is told in any case.
    package var warnings: [String]
    /// The whole changed object of a mutation; empty for no change.
    package var object: ArraySlice<UInt8>

    /// Creates an answer.
    package init(
        allowed: Bool, result: ReviewResult? = nil, warnings: [String] = [], object: ArraySlice<UInt8> = []
    ) {
        self.allowed = allowed
        self.result = result
        self.warnings = warnings
        self.object = object
    }
}

extension AdmissionReview {
    /// The answer to a validation: compact JSON.
    package func validationResponse(_ answer: AdmissionAnswer) -> [UInt8] { response(answer, patch: nil) }

    /// The answer to a mutation: compact JSON, with a patch if there is an object and it changes.
    ///
    /// Reads both objects: work that grows with their size, for a thread of its own where they are big.
    ///
    /// - Throws: 502 for a changed object that is no JSON object.
    package func mutationResponse(_ answer: AdmissionAnswer) throws(GatewayError) -> [UInt8] {
        response(answer, patch: answer.allowed ? try patch(to: answer.object) : nil)
    }

    /// The patch that makes the plugin's object of the request's; nil if nothing changes or there is nothing to change.
    package func patch(to changed: ArraySlice<UInt8>) throws(GatewayError) -> JSONPatch? {
        // The API server has nothing that a patch could be applied to.
        guard let object = request.object, !changed.isEmpty else { return nil }
        // Of repeated keys the last counts, as for the API server that sent them.
        let options = JSONOptions(maxDepth: ReviewFields.objectDepth, duplicates: .lastWins)
        let (old, new): (JSONValue, JSONValue)
        do throws(JSONError) { old = try JSONValue.parse(Array(object), options) } catch { throw error.badRequest }
        do throws(JSONError) { new = try JSONValue.parse(Array(changed), options) } catch {
            throw GatewayError(
                .badGateway, "the plugin answered with a changed object that can't be read: \(error.problem.rawValue)",
                source: .plugin, cause: error.description)
        }
        guard new.asObject != nil else {
            throw GatewayError(
                .badGateway, "the plugin answered with \(new.typeName) in place of a changed object", source: .plugin)
        }
        let patch = JSONPatch(from: old, to: new)
        return patch.isEmpty ? nil : patch
    }

    private func response(_ answer: AdmissionAnswer, patch: JSONPatch?) -> [UInt8] {
        // The uid is the request's: what a plugin makes up can't answer somebody else's request.
        var response: JSONValue = ["uid": .string(request.uid), "allowed": .bool(answer.allowed)]
        if !answer.allowed { response["status"] = (answer.result ?? .unexplained).failure }
        if let patch {
            response["patch"] = .string(Base64.encode(patch.bytes()))
            response["patchType"] = "JSONPatch"
        }
        if !answer.warnings.isEmpty { response["warnings"] = .array(answer.warnings.map { .string($0) }) }
        let review: JSONValue = [
            "kind": .string(Self.kind), "apiVersion": .string(apiVersion), "response": response,
        ]
        return review.bytes(JSONValue.Style(escapeHTML: true))
    }
}
