import Bytes
import DataPlaneAPI

extension DataPlaneServiceKind {
    /// What `kubectl explain` says about the type.
    static let about =
        "DataPlaneService claims an API group and version and sends the requests for it to a plugin, to an HTTP backend "
        + "or to the upstream."

    /// The schemas of `spec` and `status`.
    static let schema: JSONValue = ["spec": specSchema, "status": statusSchema]

    private static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }

    private static func word(_ description: String, _ values: [String], default first: String? = nil) -> JSONValue {
        var schema = text(description)
        schema["enum"] = .array(values.map { .string($0) })
        if let first { schema["default"] = .string(first) }
        return schema
    }

    private static func number(_ description: String, _ range: ClosedRange<Int>, format: String = "int64") -> JSONValue
    {
        [
            "type": "integer", "format": .string(format), "minimum": .int(range.lowerBound),
            "maximum": .int(range.upperBound), "description": .string(description),
        ]
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
            "backend": backendSchema,
            "limits": limitsSchema(
                "What bounds the requests of all services; a service's own limits come before these.",
                requests: "How many requests of all services together may be under way at once; more get 429. "
                    + "No limit when it is left out."),
        ],
    ]

    private static let backendSchema: JSONValue = [
        "type": "object", "description": "Where requests go; the plugin when it is left out.",
        "properties": [
            "type": word("The kind of backend.", ServiceBackend.Kind.allCases.map(\.rawValue), default: "plugin"),
            "fallback": word(
                "Who answers for data sources that no provisioning file names: the upstream's own API, with the "
                    + "caller's credentials. Nobody (404) when it is left out. Only for the type plugin.",
                [ServiceBackend.Kind.upstream.rawValue]),
            "baseURL": text(
                "The URL of an http backend: http:// or https:// with host, optional port and path. Requests go to this "
                    + "path followed by their own."),
            "connectTimeoutSeconds": number(
                "How long a connection to an http backend may take to come about, in seconds. "
                    + "\(ServiceBackend.defaultConnectTimeoutSeconds) when it is left out.",
                ServiceBackend.connectTimeoutRange, format: "int32"),
            "tls": tlsSchema,
            "pluginID": text("An earlier place of spec.pluginID."),
            "pluginType": text("An earlier place of spec.pluginType."),
        ],
    ]

    private static let tlsSchema: JSONValue = [
        "type": "object",
        "description": "How an https backend is recognised. The system's authorities and the URL's host when left out.",
        "properties": [
            "caBundle": [
                "type": "string", "format": "byte",
                "description": "The authorities to trust: certificates in PEM form, encoded in base64 once more.",
            ],
            "insecureSkipTLSVerify": [
                "type": "boolean",
                "description": "Whether any certificate will do. Not together with caBundle.",
            ],
            "serverName": text("The name to ask for and to find in the certificate. The URL's host when left out."),
            "clientCertificate": text(
                "The name of a client certificate of the gateway's configuration. The object never holds the key."),
        ],
    ]

    private static func limitsSchema(_ description: String, requests: String) -> JSONValue {
        let defaults = EffectiveLimits.Defaults()
        return [
            "type": "object", "description": .string(description),
            "properties": [
                "timeoutSeconds": number(
                    "How long a request may take, in seconds: until the answer has come, or has begun for streams and "
                        + "for http and upstream backends. When left out: \(defaults.shortTimeoutSeconds) for health, "
                        + "metrics, admission and conversion, else \(defaults.pluginTimeoutSeconds) for plugins and "
                        + "\(defaults.backendTimeoutSeconds) for http and upstream backends.",
                    ServiceLimits.timeoutRange, format: "int32"),
                "maxRequestBytes": number(
                    "How long the body of a request may be, in bytes; longer ones get 413. When left out: "
                        + "\(defaults.pluginRequestBytes) for plugins, no limit for http and upstream backends.",
                    ServiceLimits.byteRange),
                "maxResponseBytes": number(
                    "How long the body of an answer may be, in bytes; for streams one message. No limit when left out: "
                        + "the memory limit of the gateway bounds all answers together.",
                    ServiceLimits.byteRange),
                "maxConcurrentRequests": number(requests, ServiceLimits.concurrencyRange, format: "int32"),
            ],
        ]
    }

    private static let servicesSchema: JSONValue = [
        "type": "array", "description": "What is offered below the group and version.",
        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type", "method", "path"],
        "items": [
            "type": "object", "required": ["type"],
            "properties": [
                "type": word("What kind of service it is.", ServiceType.allCases.map(\.rawValue)),
                "method": [
                    "type": "string",
                    "description": "The HTTP method of a route; empty means every method. Only for the type route.",
                ],
                "path": [
                    "type": "string",
                    "description": .string(
                        "The path of a route below the namespace, such as /orders/{name}, with {rest...} allowed at its "
                            + "end. Literals come before parameters. Only for the type route."),
                ],
                "limits": limitsSchema(
                    "What bounds the requests of this service.",
                    requests: "How many requests of this service may be under way at once; more get 429. No limit when "
                        + "it is left out."),
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
