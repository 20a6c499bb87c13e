// The well known errors, with the messages that kubectl and client libraries expect (Kubernetes' own wording).

extension GatewayError {
    /// 404 for a named object: `dataplaneservices.aggregation.grafana.app "x" not found`.
    package static func notFound(_ resource: String, group: String, name: String) -> GatewayError {
        let details = Details(name: name, group: group, kind: resource)
        return GatewayError(.notFound, "\(details.qualified) \"\(name)\" not found", details: details)
    }

    /// 404 for a path or a resource nobody serves.
    package static func unknownResource() -> GatewayError {
        GatewayError(.notFound, "the server could not find the requested resource", details: Details())
    }

    /// 409 for a create of a name that is taken.
    package static func alreadyExists(_ resource: String, group: String, name: String) -> GatewayError {
        let details = Details(name: name, group: group, kind: resource)
        return GatewayError(.alreadyExists, "\(details.qualified) \"\(name)\" already exists", details: details)
    }

    /// 409 for an update of an object that changed meanwhile, or another reason why it can't be done now.
    package static func conflict(
        _ resource: String, group: String, name: String,
        why: String = "the object has been modified; please apply your changes to the latest version and try again",
        causes: [StatusCause] = []
    ) -> GatewayError {
        let details = Details(name: name, group: group, kind: resource)
        let message = "Operation cannot be fulfilled on \(details.qualified) \"\(name)\": \(why)"
        return GatewayError(.conflict, message, causes: causes, details: details)
    }

    /// 422 for an object whose fields are wrong; the message lists every field.
    package static func invalid(kind: String, group: String, name: String, _ causes: [StatusCause]) -> GatewayError {
        let details = Details(name: name, group: group, kind: kind)
        let lines = causes.map(\.line)
        let list = lines.count == 1 ? lines.joined() : "[\(lines.joined(separator: ", "))]"
        let message = "\(details.qualified) \"\(name)\" is invalid: \(list)"
        return GatewayError(.invalid, message, causes: causes, details: details)
    }

    /// 400 that names one JSON field, in the message and as a cause.
    package static func badField(_ cause: StatusCause) -> GatewayError {
        GatewayError(.badRequest, cause.line, causes: [cause])
    }

    /// 403 for an action on a resource.
    package static func forbidden(
        user: String, verb: String, resource: String, group: String, namespace: String, name: String, why: String = ""
    ) -> GatewayError {
        let details = Details(name: name, group: group, kind: resource)
        let place = namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(namespace)\""
        let object = name.isEmpty ? details.qualified : "\(details.qualified) \"\(name)\""
        let tail = why.isEmpty ? "" : ": \(why)"
        let message =
            "\(object) is forbidden: User \"\(user)\" cannot \(verb) resource \"\(resource)\" "
            + "in API group \"\(group)\" \(place)\(tail)"
        return GatewayError(.forbidden, message, details: details)
    }

    /// 403 for a path that is no resource.
    package static func forbidden(user: String, verb: String, path: String) -> GatewayError {
        GatewayError(.forbidden, "forbidden: User \"\(user)\" cannot \(verb) path \"\(path)\"", details: Details())
    }

    /// 405 with the methods that are allowed.
    package static func methodNotAllowed(_ method: String, allow: [String]) -> GatewayError {
        let list = allow.joined(separator: ", ")
        return GatewayError(.methodNotAllowed, "\(method) is not allowed here; use \(list)", allow: allow)
    }

    /// 410 for a list or watch that starts before the kept history.
    package static func tooOld(requested: String, oldest: String) -> GatewayError {
        GatewayError(.expired, "too old resource version: \(requested) (\(oldest))")
    }

    /// 413 with the limit that was passed, in bytes.
    package static func payloadTooLarge(limit: Int) -> GatewayError {
        GatewayError(.payloadTooLarge, "Request entity too large: limit is \(limit)")
    }
}
