import Bytes

/// The operations of a resource, as far as kubectl looks at them.
enum OpenAPIPaths {
    static func paths(_ definition: ResourceDefinition) -> JSONValue {
        let space = definition.isNamespaced ? "/namespaces/{namespace}" : ""
        let base = "/apis/\(definition.group)/\(definition.version)\(space)/\(definition.plural)"
        let write = parameters(["dryRun", "fieldManager", "fieldValidation", "pretty"])
        let patch = parameters(["dryRun", "fieldManager", "fieldValidation", "force", "pretty"])
        var paths: JSONValue = [
            base: [
                "get": operation(definition, "list", parameters: parameters(listParameters), answer: "List"),
                "post": operation(
                    definition, "post", parameters: write, body: ["application/json", "application/yaml"]),
                "delete": operation(
                    definition, "deletecollection", parameters: parameters(listParameters), answer: "List"),
            ],
            "\(base)/{name}": [
                "get": operation(definition, "get", parameters: parameters(["pretty"])),
                "put": operation(definition, "put", parameters: write, body: ["application/json", "application/yaml"]),
                "patch": operation(definition, "patch", parameters: patch, patches: true),
                "delete": operation(definition, "delete", parameters: parameters(["dryRun", "propagationPolicy"])),
            ],
        ]
        if definition.hasStatus {
            paths["\(base)/{name}/status"] = [
                "get": operation(definition, "get", parameters: parameters(["pretty"])),
                "put": operation(definition, "put", parameters: write, body: ["application/json", "application/yaml"]),
                "patch": operation(definition, "patch", parameters: patch, patches: true),
            ]
        }
        return paths
    }

    private static let listParameters = [
        "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
        "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch",
    ]

    private static func parameters(_ names: [String]) -> JSONValue {
        .array(names.map { ["name": .string($0), "in": "query", "schema": ["type": "string", "uniqueItems": true]] })
    }

    private static func operation(
        _ definition: ResourceDefinition, _ action: String, parameters: JSONValue, answer suffix: String = "",
        body types: [String] = [], patches: Bool = false
    ) -> JSONValue {
        let schema: JSONValue = ["$ref": .string("#/components/schemas/\(definition.schemaName)")]
        var operation: JSONValue = [
            "x-kubernetes-action": .string(action),
            "x-kubernetes-group-version-kind": [
                "group": .string(definition.group), "version": .string(definition.version),
                "kind": .string(definition.kind),
            ],
            "parameters": parameters,
            "responses": [
                "200": [
                    "description": "OK",
                    "content": [
                        "application/json": [
                            "schema": ["$ref": .string("#/components/schemas/\(definition.schemaName)\(suffix)")]
                        ]
                    ],
                ]
            ],
        ]
        var content = JSONValue.emptyObject
        for type in types { content[type] = ["schema": schema] }
        if patches {
            for type in ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
            {
                content[type] = ["schema": ["type": "object"]]
            }
        }
        if content.asObject?.isEmpty == false { operation["requestBody"] = ["content": content, "required": true] }
        return operation
    }
}
