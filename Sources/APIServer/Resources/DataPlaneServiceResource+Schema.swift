import DataPlaneAPI

extension DataPlaneServiceResource {
    /// What `kubectl explain` says about the type.
    package var about: String {
        "DataPlaneService claims an API group and version and sends the requests for it to a plugin, to an HTTP backend "
            + "or to the upstream."
    }

    /// The schema of `spec` and `status`.
    package var schemaProperties: JSONValue {
        ["spec": Self.specSchema, "status": Self.statusSchema]
    }

    private static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }

    private static func word(_ description: String, _ values: [String], default first: String? = nil) -> JSONValue {
        var schema = text(description)
        schema["enum"] = .array(values.map { .string($0) })
        if let first { schema["default"] = .string(first) }
        return schema
    }

    private static let specSchema: JSONValue = [
        "type": "object", "description": "What the gateway is asked to serve.",
        "required": ["group", "version", "services"],
        "properties": [
            "pluginID": text("The id in the plugin's plugin.json. Required unless the backend is http or upstream."),
            "pluginType": word("The type of the plugin.", ["app", "datasource"]),
            "group": text(
                "The API group to claim, a DNS subdomain such as weather.example.org. Can't be changed later."),
            "version": text("The API version to claim, such as v1. Can't be changed later."),
            "services": servicesSchema,
            "backend": [
                "type": "object", "description": "Where requests go; the plugin when it is left out.",
                "properties": [
                    "type": word(
                        "The kind of backend.", ServiceBackend.Kind.allCases.map(\.rawValue), default: "plugin"),
                    "baseURL": text("The URL of an http backend, with host and path."),
                    "pluginID": text("An earlier place of spec.pluginID."),
                    "pluginType": text("An earlier place of spec.pluginType."),
                ],
            ],
        ],
    ]

    private static let servicesSchema: JSONValue = [
        "type": "array", "description": "What is offered below the group and version.",
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type", "method", "path"],
        "items": [
            "type": "object", "required": ["type"],
            "properties": [
                "type": word("What kind of service it is.", ServiceType.allCases.map(\.rawValue)),
                "method": [
                    "type": "string", "default": "",
                    "description": "The HTTP method of a route; empty means every method. Only for the type route.",
                ],
                "path": [
                    "type": "string", "default": "",
                    "description":
                        "The path of a route below the namespace, such as /orders/{name}. Only for the type route.",
                ],
            ],
        ],
    ]

    private static let statusSchema: JSONValue = [
        "type": "object", "description": "What the gateway found.",
        "properties": [
            "conditions": [
                "type": "array", "description": "Accepted, PluginReady, and Available as their summary.",
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"],
                "items": [
                    "type": "object", "required": ["type", "status"],
                    "properties": [
                        "type": text("The name of the condition."),
                        "status": word("Whether it holds.", Condition.Status.allCases.map(\.rawValue)),
                        "reason": text("One word that says why."),
                        "message": text("A sentence that says why."),
                        "lastTransitionTime": [
                            "type": "string", "format": "date-time", "description": "When the status last changed.",
                        ],
                        "observedGeneration": [
                            "type": "integer", "format": "int64",
                            "description": "The metadata.generation it was found for.",
                        ],
                    ],
                ],
            ]
        ],
    ]
}
