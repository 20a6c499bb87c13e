import Bytes
import DataPlaneAPI

/// What to do about unknown and repeated fields.
enum FieldValidation: String, Sendable {
    case ignore = "Ignore"
    case warn = "Warn"
    case strict = "Strict"
}

/// Reads bodies.
enum BodyReader {
    private static let depth = 128

    /// A body as JSON and the faults that strict validation is about.
    struct Result {
        var json: JSONValue
        var faults: [String]
    }

    /// Reads an object; a missing content type means JSON.
    ///
    /// - Throws: 415 for other types, 400 for a text that isn't of its type.
    static func object(_ request: APIRequest) throws(GatewayError) -> Result {
        switch request.contentType {
        case "", "application/json": return try json(request.body)
        case "application/yaml": return Result(json: try yaml(request.body), faults: [])
        default:
            throw GatewayError(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: application/json, "
                    + "application/yaml")
        }
    }

    /// Reads JSON; of a repeated key the last value counts, and the repetition is a fault.
    static func json(_ bytes: [UInt8]) throws(GatewayError) -> Result {
        do throws(JSONError) {
            return Result(json: try JSONValue.parse(bytes, JSONOptions(maxDepth: depth)), faults: [])
        } catch {
            guard error.problem == .duplicateKey else { throw error.badRequest }
            do throws(JSONError) {
                let json = try JSONValue.parse(bytes, JSONOptions(maxDepth: depth, duplicates: .lastWins))
                return Result(json: json, faults: ["duplicate field \"\(error.path)\""])
            } catch { throw error.badRequest }
        }
    }

    /// YAML costs a hundred times what JSON does to read; a few large bodies would hold up everybody else.
    static let longestYAML = 256 * 1024

    /// Reads one YAML document.
    static func yaml(_ bytes: [UInt8]) throws(GatewayError) -> JSONValue {
        guard bytes.count <= longestYAML else {
            throw GatewayError(
                .payloadTooLarge,
                "Request entity too large: limit is \(longestYAML) bytes for YAML; send JSON, which may be larger")
        }
        let documents = try YAMLDocument.parse(String(decoding: bytes, as: UTF8.self), file: "the body")
        guard let first = documents.first, documents.count == 1 else {
            throw GatewayError(.badRequest, "the body must hold one YAML document, not \(documents.count)")
        }
        return first.json
    }
}
