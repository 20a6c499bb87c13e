import Foundation
import NIOCore
import NIOFoundationCompat
import PluginKit

/// One series of an answer.
struct PromSeries: Decodable {
    var metric: [String: String]
    var value: PromPoint?
    var values: [PromPoint]?
}

/// A point: seconds since 1970 and a number as text.
struct PromPoint: Decodable {
    var milliseconds: Int64
    var value: Double

    init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        let seconds = try list.decode(Double.self)
        guard seconds.magnitude < 9e12 else {
            throw DecodingError.dataCorruptedError(in: list, debugDescription: "a time out of range")
        }
        milliseconds = Int64((seconds * 1000).rounded())
        let text = try list.decode(String.self)
        switch text {
        case "+Inf", "Inf": value = .infinity
        case "-Inf": value = -.infinity
        case "NaN": value = .nan
        default:
            guard let number = Double(text) else {
                throw DecodingError.dataCorruptedError(in: list, debugDescription: "a value that is no number: \(text)")
            }
            value = number
        }
    }
}

/// The data of an answer.
enum PromData {
    case series([PromSeries])
    case scalar(PromPoint)
    case string(String)
}

/// The envelope of Prometheus' API.
enum PromAnswer {
    private struct Envelope: Decodable {
        var status: String
        var errorType: String?
        var error: String?
        var data: Payload?
    }

    private struct Payload: Decodable {
        enum Key: String, CodingKey {
            case resultType, result
        }

        var data: PromData

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            switch try container.decode(String.self, forKey: .resultType) {
            case "scalar": data = .scalar(try container.decode(PromPoint.self, forKey: .result))
            case "string":
                var list = try container.nestedUnkeyedContainer(forKey: .result)
                _ = try list.decode(Double.self)
                data = .string(try list.decode(String.self))
            default: data = .series(try container.decode([PromSeries].self, forKey: .result))
            }
        }
    }

    /// Takes the data out of an answer.
    ///
    /// - Throws: `PluginError`, downstream, with Prometheus' type and text of error and its HTTP status.
    static func data(_ body: ByteBuffer, status: Int) throws -> PromData {
        let envelope: Envelope
        do {
            envelope = try JSONDecoder().decode(Envelope.self, from: Data(buffer: body))
        } catch {
            let start = String(
                buffer: body.getSlice(at: body.readerIndex, length: min(200, body.readableBytes)) ?? body)
            throw PluginError(
                status >= 400
                    ? "Prometheus answered with status \(status): \(start)"
                    : "Prometheus' answer can't be read: \(error)", status: status >= 400 ? Int32(status) : 502,
                source: .downstream)
        }
        guard envelope.status == "success", let data = envelope.data?.data else {
            let kind = envelope.errorType ?? "error"
            throw PluginError(
                "\(kind): \(envelope.error ?? "no reason given")", status: status >= 400 ? Int32(status) : 502,
                source: .downstream)
        }
        return data
    }
}
