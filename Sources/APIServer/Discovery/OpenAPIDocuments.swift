import Bytes
import DataPlaneAPI
import HTTPKit

/// `/openapi/v2` and `/openapi/v3`.
struct OpenAPIDocuments: Sendable {
    let core: APIServerCore
    let request: APIRequest

    /// Swagger 2.0 with title and version and nothing else: kubectl asks for it and then looks into v3.
    private static let smallest: [UInt8] = [
        0x0A, 0x03, 0x32, 0x2E, 0x30, 0x12, 0x10, 0x0A, 0x0A, 0x4B, 0x75, 0x62, 0x65, 0x72, 0x6E, 0x65, 0x74, 0x65,
        0x73,
        0x12, 0x02, 0x76, 0x31,
    ]

    func v2() throws(GatewayError) -> APIResponse {
        let clauses = MediaType.parse(request.accept)
        if clauses.isEmpty
            || clauses.contains(where: { ["application/json", "*/*", "application/*"].contains($0.type) })
        {
            return Cached.response(
                ["swagger": "2.0", "info": ["title": "Kubernetes", "version": "v1"], "paths": .emptyObject], request)
        }
        guard let clause = clauses.first(where: { $0.type.hasPrefix("application/com.github.proto-openapi.spec.v2") })
        else {
            throw GatewayError(
                .notAcceptable,
                "only the following media types are accepted: application/json, "
                    + "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        }
        _ = clause
        return APIResponse(
            contentType: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", body: Self.smallest,
            fields: [.etag("\"\(Cached.hash(Self.smallest))\""), .vary("Accept")])
    }

    /// The list of documents; who comes later may know more than who comes first, but for what is served here.
    func root() async -> APIResponse {
        let caller = DiscoveryCaller(headers: request.headers)
        var paths = JSONValue.emptyObject
        let own = KindsSource(kinds: core.registry.kinds, version: core.version).documents(for: caller)
        for documents in await core.each({ await $0.documents(for: caller) }) {
            for member in documents { paths[member.key] = own[member.key] ?? member.value }
        }
        return Cached.response(["paths": paths], request)
    }

    /// The document of one group and version; of a claimed group another source's, if there is one.
    func group(_ group: String, _ version: String) async throws(GatewayError) -> APIResponse {
        let caller = DiscoveryCaller(headers: request.headers)
        let kinds = KindsSource(kinds: core.registry.kinds, version: core.version)
        if case .made(let document) = kinds.document(group, version, for: caller) {
            return answer(document, group, version)
        }
        let found = await core.each { await $0.document(group, version, for: caller) }.compactMap { $0 }
        for case .fetched(let document) in found {
            return APIResponse(contentType: document.contentType, body: document.body, fields: [.vary("Accept")])
        }
        guard case .made(let document) = found.first else { throw .unknownResource() }
        return answer(document, group, version)
    }

    private func answer(_ document: JSONValue, _ group: String, _ version: String) -> APIResponse {
        let hash = Cached.hash(document.bytes())
        guard let wanted = request.parameter("hash"), !wanted.isEmpty else { return Cached.response(document, request) }
        guard wanted == hash else {
            return APIResponse(
                status: 301, contentType: nil, fields: [.location("/openapi/v3/apis/\(group)/\(version)?hash=\(hash)")])
        }
        return APIResponse(
            body: document.bytes(),
            fields: [
                .etag("\"\(hash)\""), .vary("Accept"), .cacheControl("public, immutable, max-age=31536000"),
            ])
    }

    /// A document in the list of them.
    static func entry(_ group: String, _ version: String, _ hash: String) -> JSONValue {
        ["serverRelativeURL": .string("/openapi/v3/apis/\(group)/\(version)?hash=\(hash)")]
    }

    /// The document of kinds of one group and version.
    static func document(_ definitions: [ResourceDefinition], gateway: String) -> JSONValue {
        var paths = JSONValue.emptyObject
        var schemas = OpenAPISchemas.shared
        for definition in definitions {
            schemas[definition.schemaName] = OpenAPISchemas.object(definition)
            schemas[definition.schemaName + "List"] = OpenAPISchemas.list(definition)
            for member in OpenAPIPaths.paths(definition).asObject ?? [:] { paths[member.key] = member.value }
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Data plane gateway", "version": .string(gateway)],
            "paths": paths,
            "components": ["schemas": definitions.isEmpty ? .emptyObject : schemas],
        ]
    }
}
