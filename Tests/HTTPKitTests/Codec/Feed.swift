import NIOCore
import Testing

@testable import HTTPKit

/// What a whole message comes to, in a form that can be compared.
enum Outcome: Equatable, CustomTestStringConvertible {
    case incomplete
    case failed(HTTPParseError)
    case message(head: [String], body: [UInt8], trailers: [String], rest: Int)

    var testDescription: String { "\(self)" }
    var isRefused: Bool { if case .failed = self { true } else { false } }
}

/// Feeds bytes to the parsers in pieces.
enum Feed {
    static func lines(_ block: HeaderBlock) -> [String] {
        block.fields.map { field in
            let value = block.withValue(field) { $0.map { String(UnicodeScalar($0)) }.joined() }
            return "\(block.name(field))=\(value)"
        }
    }

    /// Reads one request given in pieces.
    static func request(_ pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()) -> Outcome {
        var parser = RequestHeadParser(limits: limits)
        return message(pieces, limits) { (buffer) throws(HTTPParseError) in
            try parser.next(&buffer).map { head in
                (
                    ["\(head.methodText) \(head.target) \(head.framing) \(head.keepAlive)"] + lines(head.headers),
                    head.framing
                )
            }
        }
    }

    /// Reads one answer given in pieces.
    static func answer(_ pieces: [[UInt8]], to method: HTTPMethod = .get) -> Outcome {
        let limits = HTTPLimits()
        var parser = ResponseHeadParser(limits: limits)
        return message(pieces, limits, isLenient: true) { (buffer) throws(HTTPParseError) in
            try parser.next(&buffer, method: method).map { head in
                (["\(head.status) \(head.framing) \(head.keepAlive)"] + lines(head.headers), head.framing)
            }
        }
    }

    private static func message(
        _ pieces: [[UInt8]], _ limits: HTTPLimits, isLenient: Bool = false,
        _ next: (inout ByteBuffer) throws(HTTPParseError) -> ([String], BodyFraming)?
    ) -> Outcome {
        var buffer = ByteBuffer()
        var head: [String]?
        var decoder: BodyDecoder?
        var body: [UInt8] = []
        var trailers: [String]?
        do throws(HTTPParseError) {
            for piece in pieces {
                buffer.writeBytes(piece)
                if head == nil, let found = try next(&buffer) {
                    head = found.0
                    decoder = BodyDecoder(found.1, limits: limits, isLenient: isLenient)
                }
                step: while trailers == nil, var present = decoder {
                    let event = try present.next(&buffer)
                    decoder = present
                    switch event {
                    case .needMore: break step
                    case .part(let part): body += part.readableBytesView
                    case .end(let block): trailers = block.map(lines) ?? []
                    }
                }
            }
        } catch {
            return .failed(error)
        }
        guard let head, let trailers else {
            // What ends with the connection has what came so far.
            if let head, head[0].contains("untilClose") {
                return .message(head: head, body: body, trailers: [], rest: buffer.readableBytes)
            }
            return .incomplete
        }
        return .message(head: head, body: body, trailers: trailers, rest: buffer.readableBytes)
    }

    /// The bytes whole, cut once at every place, and byte by byte.
    static func splits(_ bytes: [UInt8]) -> [[[UInt8]]] {
        (1..<max(bytes.count, 2)).map { [Array(bytes.prefix($0)), Array(bytes.dropFirst($0))] } + [bytes.map { [$0] }]
    }
}
