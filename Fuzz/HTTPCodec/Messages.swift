import NIOCore

@testable import HTTPKit

/// What a byte stream comes to, comparable between different cuts of the same bytes.
enum Outcome: Equatable {
    case incomplete
    case refused
    case message(head: [UInt8], framing: BodyFraming, body: [UInt8], trailers: [UInt8], rest: Int)
}

/// Feeds bytes to the parsers as a connection would.
enum Messages {
    static func request(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
        var parser = RequestHeadParser(limits: HTTPLimits())
        return read(pieces) { (buffer) throws(HTTPParseError) in
            try parser.next(&buffer).map { ($0.headers.storage, $0.framing) }
        }
    }

    static func answer(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
        var parser = ResponseHeadParser(limits: HTTPLimits())
        return read(pieces, isLenient: true) { (buffer) throws(HTTPParseError) in
            try parser.next(&buffer, method: .get).map { ($0.headers.storage, $0.framing) }
        }
    }

    private static func read(
        _ pieces: [ArraySlice<UInt8>], isLenient: Bool = false,
        _ next: (inout ByteBuffer) throws(HTTPParseError) -> ([UInt8], BodyFraming)?
    ) -> Outcome {
        var buffer = ByteBuffer()
        var head: ([UInt8], BodyFraming)?
        var decoder: BodyDecoder?
        var body: [UInt8] = []
        var trailers: [UInt8]?
        do throws(HTTPParseError) {
            for piece in pieces {
                buffer.writeBytes(piece)
                if head == nil, let found = try next(&buffer) {
                    head = found
                    decoder = BodyDecoder(found.1, limits: HTTPLimits(), isLenient: isLenient)
                }
                step: while trailers == nil, var present = decoder {
                    let event = try present.next(&buffer)
                    decoder = present
                    switch event {
                    case .needMore: break step
                    case .part(let part): body += part.readableBytesView
                    case .end(let block): trailers = block?.storage ?? []
                    }
                }
            }
        } catch {
            return .refused
        }
        guard let head, let trailers else {
            // A body that ends with the connection has what came so far.
            if let head, head.1 == .untilClose {
                return .message(head: head.0, framing: head.1, body: body, trailers: [], rest: 0)
            }
            return .incomplete
        }
        return .message(head: head.0, framing: head.1, body: body, trailers: trailers, rest: buffer.readableBytes)
    }
}
