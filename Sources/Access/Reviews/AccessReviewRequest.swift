import Bytes
import DataPlaneAPI

/// What a SelfSubjectAccessReview asks, from JSON or from Kubernetes' protobuf (which kubectl 1.32 and later send).
enum AccessReviewRequest {
    /// Reads a body.
    static func parse(_ body: [UInt8]) throws(GatewayError) -> RequestInfo {
        body.starts(with: magic) ? try protobuf(body.dropFirst(magic.count)) : try json(body)
    }

    /// The beginning of every protobuf object of Kubernetes.
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    private static func json(_ body: [UInt8]) throws(GatewayError) -> RequestInfo {
        let review: JSONValue
        do { review = try JSONValue.parse(body) } catch {
            throw GatewayError(.badRequest, "the SelfSubjectAccessReview is not valid JSON: \(error)")
        }
        let spec = review["spec"] ?? .emptyObject
        var wanted = RequestInfo()
        if let attributes = spec["resourceAttributes"], attributes.asObject != nil {
            wanted.isResource = true
            wanted.verb = attributes["verb"]?.asString ?? ""
            wanted.group = attributes["group"]?.asString ?? ""
            wanted.version = attributes["version"]?.asString ?? ""
            wanted.namespace = attributes["namespace"]?.asString ?? ""
            wanted.resource = attributes["resource"]?.asString ?? ""
            wanted.subresource = attributes["subresource"]?.asString ?? ""
            wanted.name = attributes["name"]?.asString ?? ""
        } else if let attributes = spec["nonResourceAttributes"], attributes.asObject != nil {
            wanted.verb = attributes["verb"]?.asString ?? ""
            wanted.path = attributes["path"]?.asString ?? ""
        } else {
            throw missing
        }
        return wanted
    }

    /// Refuses what is no SelfSubjectReview, in JSON or protobuf; it has nothing to be read.
    static func checkSubject(_ body: [UInt8]) throws(GatewayError) {
        guard !body.starts(with: magic) else { return }
        let json: JSONValue
        do { json = try JSONValue.parse(body) } catch {
            throw GatewayError(.badRequest, "the SelfSubjectReview is not valid JSON: \(error)")
        }
        guard json.asObject != nil, [nil, "SelfSubjectReview"].contains(json["kind"]?.asString) else {
            throw GatewayError(.badRequest, "the body must be a SelfSubjectReview of authentication.k8s.io")
        }
    }

    /// The namespace of a SelfSubjectRulesReview, from JSON or protobuf.
    ///
    /// - Throws: 400 for a body that can't be read, and for none.
    static func rulesNamespace(_ body: [UInt8]) throws(GatewayError) -> String {
        let namespace: String
        if body.starts(with: magic) {
            namespace = try spec(body.dropFirst(magic.count), "SelfSubjectRulesReview").text(1)
        } else {
            do { namespace = try JSONValue.parse(body)["spec"]?["namespace"]?.asString ?? "" } catch {
                throw GatewayError(.badRequest, "the SelfSubjectRulesReview is not valid JSON: \(error)")
            }
        }
        guard !namespace.isEmpty else {
            throw GatewayError(.badRequest, "no namespace on request; set spec.namespace")
        }
        return namespace
    }

    private static var missing: GatewayError {
        .badField(.required("spec.resourceAttributes", "say what is asked for, or spec.nonResourceAttributes"))
    }

    /// Field numbers are those of `k8s.io/api/authorization/v1/generated.proto`.
    private static func protobuf(_ bytes: ArraySlice<UInt8>) throws(GatewayError) -> RequestInfo {
        let spec = try spec(bytes, "SelfSubjectAccessReview")
        var wanted = RequestInfo()
        if let attributes = spec.message(1) {
            wanted.isResource = true
            wanted.namespace = attributes.text(1)
            wanted.verb = attributes.text(2)
            wanted.group = attributes.text(3)
            wanted.version = attributes.text(4)
            wanted.resource = attributes.text(5)
            wanted.subresource = attributes.text(6)
            wanted.name = attributes.text(7)
        } else if let attributes = spec.message(2) {
            wanted.path = attributes.text(1)
            wanted.verb = attributes.text(2)
        } else {
            throw missing
        }
        return wanted
    }
}

extension AccessReviewRequest {
    /// The spec of a review: the envelope `runtime.Unknown` holds the object in field 2, whose field 2 is the spec.
    private static func spec(_ bytes: ArraySlice<UInt8>, _ kind: String) throws(GatewayError) -> WireFields {
        guard let spec = WireFields(bytes)?.message(2)?.message(2) else {
            throw GatewayError(.badRequest, "the \(kind) is not valid protobuf; send JSON")
        }
        return spec
    }
}
