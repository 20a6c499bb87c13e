import Bytes
import DataPlaneAPI

/// The schemas of objects and of their metadata.
enum OpenAPISchemas {
    private static let metaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    private static let listMetaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"

    private static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }

    private static func time(_ description: String) -> JSONValue {
        ["type": "string", "format": "date-time", "description": .string(description)]
    }

    private static func texts(_ description: String) -> JSONValue {
        [
            "type": "object", "description": .string(description),
            "additionalProperties": ["type": "string", "default": ""],
        ]
    }

    private static func reference(_ name: String, _ description: String) -> JSONValue {
        ["description": .string(description), "allOf": [["$ref": .string("#/components/schemas/\(name)")]]]
    }

    private static let apiVersion = text("The group and version of the type.")
    private static let kind = text("The type's name.")

    static let shared: JSONValue = [
        metaName: [
            "type": "object", "description": "What every object has: name, labels and the server's own records.",
            "properties": [
                "name": text("The name; can't be changed."),
                "generateName": text("The beginning of a name that the server completes."),
                "namespace": text("The namespace; empty for cluster-wide objects."),
                "uid": text("Set by the server: tells an object from a later one of the same name."),
                "resourceVersion": text("Set by the server: changes with every write."),
                "generation": [
                    "type": "integer", "format": "int64",
                    "description": "Set by the server: counts the changes of what is wanted.",
                ],
                "creationTimestamp": time("Set by the server: when the object was created."),
                "deletionTimestamp": time("Set by the server: when the deletion was asked for."),
                "deletionGracePeriodSeconds": [
                    "type": "integer", "format": "int64", "description": "Set by the server.",
                ],
                "labels": texts("Keys and values to select objects by."),
                "annotations": texts("Keys and values for tools."),
                "finalizers": [
                    "type": "array", "items": ["type": "string"],
                    "description": "What has to happen before a deleted object is gone.",
                ],
                "ownerReferences": [
                    "type": "array", "description": "Objects this one belongs to.",
                    "items": [
                        "type": "object", "required": ["apiVersion", "kind", "name", "uid"],
                        "properties": [
                            "apiVersion": text("The owner's group and version."), "kind": text("The owner's type."),
                            "name": text("The owner's name."), "uid": text("The owner's uid."),
                            "controller": ["type": "boolean"], "blockOwnerDeletion": ["type": "boolean"],
                        ],
                    ],
                ],
                "managedFields": [
                    "type": "array", "description": "Set by the server: who set which fields.",
                    "items": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                ],
            ],
        ],
        listMetaName: [
            "type": "object", "description": "What every list has.",
            "properties": [
                "resourceVersion": text("The version that the list shows."),
                "continue": text("The token for the next page."),
                "remainingItemCount": ["type": "integer", "format": "int64", "description": "How many items follow."],
            ],
        ],
    ]

    /// The schema of a type.
    static func object(_ definition: ResourceDefinition) -> JSONValue {
        var properties: JSONValue = [
            "apiVersion": apiVersion, "kind": kind, "metadata": reference(metaName, "Name, labels and so on."),
        ]
        for member in definition.structure.properties.asObject ?? [:] { properties[member.key] = member.value }
        return [
            "type": "object", "description": .string(definition.about), "properties": properties,
            "x-kubernetes-group-version-kind": [gvk(definition, definition.kind)],
        ]
    }

    /// The schema of a list of a type.
    static func list(_ definition: ResourceDefinition) -> JSONValue {
        [
            "type": "object", "description": .string("A list of \(definition.kind)."), "required": ["items"],
            "properties": [
                "apiVersion": apiVersion, "kind": kind, "metadata": reference(listMetaName, "The list's version."),
                "items": [
                    "type": "array", "items": ["$ref": .string("#/components/schemas/\(definition.schemaName)")],
                ],
            ],
            "x-kubernetes-group-version-kind": [gvk(definition, definition.listKind)],
        ]
    }

    private static func gvk(_ definition: ResourceDefinition, _ kind: String) -> JSONValue {
        ["group": .string(definition.group), "version": .string(definition.version), "kind": .string(kind)]
    }
}
