import Foundation
import PluginKit

/// One series of an answer.
struct PromSeries: Decodable {
    var metric: [String: String]
    var value: PromPoint?
    var values: [PromPoint]?

    /// Its points, of a range or the only one.
    var points: [PromPoint] { values ?? value.map { [$0] } ?? [] }
}

/// A number as Prometheus writes it: as text.
struct PromNumber: Decodable {
    var double: Double

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        switch text {
        case "+Inf", "Inf": double = .infinity
        case "-Inf": double = -.infinity
        case "NaN": double = .nan
        default:
            guard let number = Double(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "a value that is no number")
            }
            double = number
        }
    }
}

/// A point: seconds since 1970 and a number.
struct PromPoint: Decodable {
    var milliseconds: Int64
    var value: Double

    init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        let seconds = try list.decode(Double.self)
        guard seconds.magnitude < 9e9 else {
            throw DecodingError.dataCorruptedError(in: list, debugDescription: "a time out of range")
        }
        milliseconds = Int64((seconds * 1000).rounded())
        value = try list.decode(PromNumber.self).double
    }
}

/// The data of an answer to a query.
enum PromData: Decodable {
    case series([PromSeries])
    case scalar(PromPoint)
    case string(String)

    private enum Key: String, CodingKey {
        case resultType, result
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        switch try container.decode(String.self, forKey: .resultType) {
        case "scalar": self = .scalar(try container.decode(PromPoint.self, forKey: .result))
        case "string":
            var list = try container.nestedUnkeyedContainer(forKey: .result)
            _ = try list.decode(Double.self)
            self = .string(try list.decode(String.self))
        default: self = .series(try container.decode([PromSeries].self, forKey: .result))
        }
    }
}

/// The envelope of Prometheus' API.
enum PromAnswer {
    private struct Envelope<Payload: Decodable>: Decodable {
        var status: String
        var errorType: String?
        var error: String?
        var data: Payload?
    }

    /// Takes the data out of an answer.
    ///
    /// - Throws: `PluginError`, downstream, with Prometheus' type and text of error and its HTTP status.
    static func data<Payload: Decodable>(_ body: [UInt8], status: Int, url: String) throws -> Payload {
        let envelope: Envelope<Payload>
        do {
            envelope = try JSONDecoder().decode(Envelope<Payload>.self, from: Data(body))
        } catch {
            throw PluginError(
                status >= 400
                    ? "Prometheus at \(url) answered with status \(status)\(beginning(of: body))"
                    : "the server at \(url) answered with something else than Prometheus' JSON; check the data source's url",
                status: status >= 400 ? Int32(status) : 502, source: .downstream)
        }
        guard envelope.status == "success", let data = envelope.data else {
            let kind = envelope.errorType ?? "error"
            throw PluginError(
                "\(kind): \(envelope.error ?? "no reason given")", status: status >= 400 ? Int32(status) : 502,
                source: .downstream)
        }
        return data
    }

    /// What a server says in plain words; a page is none.
    private static func beginning(of body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(200), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty || text.hasPrefix("<") ? "" : ": \(text)"
    }
}
