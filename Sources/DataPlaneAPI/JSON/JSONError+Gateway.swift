import Bytes

extension JSONError {
    /// The 400 to answer when the text came from a client.
    package var badRequest: GatewayError {
        let causes =
            path.isEmpty ? [] : [StatusCause(field: path, reason: "FieldValueInvalid", message: problem.rawValue)]
        return GatewayError(.badRequest, "invalid JSON: \(description)", causes: causes)
    }
}
