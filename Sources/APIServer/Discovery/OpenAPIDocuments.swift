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

    /// The list of documents, own ones first.
    func root() async -> APIResponse {
        var paths = JSONValue.emptyObject
        for group in versions {
            let hash = Cached.hash(document(group.name, group.version).bytes())
            paths["apis/\(group.name)/\(group.version)"] = [
                "serverRelativeURL": .string("/openapi/v3/apis/\(group.name)/\(group.version)?hash=\(hash)")
            ]
        }
        if let fetch = core.fetch {
            let document = await Deadline.first(of: 2) { [request] in
                await fetch("/openapi/v3", "application/json", request.headers)
            }
            if let document, document.status == 200, let json = try? JSONValue.parse(document.body) {
                // Of a claimed group the upstream may know more than we do.
                let own = Set(
                    core.registry.kinds.groups.flatMap { group in group.versions.map { "apis/\(group.name)/\($0)" } })
                for member in json["paths"]?.asObject ?? [:] where !own.contains(member.key) {
                    paths[member.key] = member.value
                }
            }
        }
        return Cached.response(["paths": paths], request)
    }

    /// The document of one group and version; of a claimed group the upstream's, if it has one.
    func group(_ group: String, _ version: String) async throws(GatewayError) -> APIResponse {
        guard versions.contains(where: { $0.name == group && $0.version == version }) else { throw .unknownResource() }
        if !core.registry.kinds.groups.contains(where: { $0.name == group }), let fetch = core.fetch {
            let document = await Deadline.first(of: 2) { [request] in
                await fetch("/openapi/v3/apis/\(group)/\(version)", "application/json", request.headers)
            }
            if let document, document.status == 200 {
                return APIResponse(contentType: document.contentType, body: document.body, fields: [.vary("Accept")])
            }
        }
        let document = document(group, version)
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

    private var versions: [(name: String, version: String)] {
        var all = core.registry.kinds.groups.flatMap { group in group.versions.map { (name: group.name, version: $0) } }
        let own = Set(all.map { "\($0.name)/\($0.version)" })
        for claim in core.claims().claimedGroups {
            for version in claim.versions.map(\.name) where !own.contains("\(claim.name)/\(version)") {
                all.append((name: claim.name, version: version))
            }
        }
        return all
    }

    private func document(_ group: String, _ version: String) -> JSONValue {
        let definitions = core.registry.kinds.definitions.filter { $0.group == group && $0.version == version }
        var paths = JSONValue.emptyObject
        var schemas = OpenAPISchemas.shared
        for definition in definitions {
            schemas[definition.schemaName] = OpenAPISchemas.object(definition)
            schemas[definition.schemaName + "List"] = OpenAPISchemas.list(definition)
            for member in OpenAPIPaths.paths(definition).asObject ?? [:] { paths[member.key] = member.value }
        }
        return [
            "openapi": "3.0.0", "info": ["title": "Data plane gateway", "version": .string(core.version)],
            "paths": paths,
            "components": ["schemas": definitions.isEmpty ? .emptyObject : schemas],
        ]
    }
}
