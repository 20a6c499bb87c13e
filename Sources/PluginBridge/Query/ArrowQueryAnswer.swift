import Bytes
import DataFrames
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// Answers queries with the plugin's Arrow bytes as they are: one frame as the body, or any number as the parts of a
/// multipart body.
///
/// Multipart rather than lengths in between: every part has its own media type and says which query it answers, errors
/// can stand among frames, and mail and HTTP libraries of every language read it.
final class ArrowQueryAnswer {
    private let exchange: Exchange
    private let form: QueryForm.Arrow
    private let refIDs: [String]
    private let pluginID: String
    private let side: SideWork

    init(_ request: QueryCall, _ form: QueryForm.Arrow, side: SideWork) {
        exchange = request.exchange
        self.form = form
        refIDs = request.refIDs
        pluginID = request.instance.pluginID
        self.side = side
    }

    /// Takes the plugin's answer and answers the exchange.
    func take(_ message: GRPCMessage) {
        // A big message is joined before it is read.
        exchange.work(on: message.count, "the answer to the queries", by: side) {
            [form, refIDs, pluginID] () throws(GatewayError) in
            try ArrowParts.read(message, form, refIDs, pluginID).get()
        } _: { [self] parts in
            answer(message, parts)
        }
    }

    private func answer(_ message: GRPCMessage, _ parts: Result<[ArrowParts.Part], GatewayError>) {
        switch parts {
        case .failure(let error): exchange.respond(error)
        case .success(let parts) where form.isMultipart: multipart(exchange, message, parts)
        case .success(let parts): single(exchange, message, parts)
        }
    }

    private func single(_ exchange: Exchange, _ message: GRPCMessage, _ parts: [ArrowParts.Part]) {
        if let error = parts.lazy.compactMap(\.error).first { return exchange.respond(error) }
        guard let part = parts.first else {
            return exchange.respond(204, contentType: nil, body: ByteBuffer())
        }
        guard parts.count == 1, part.contentType == form.content.rawValue else {
            let why = parts.count == 1 ? "its frame is \(part.contentType)" : "it has \(parts.count) frames"
            return exchange.respond(
                GatewayError(
                    .notAcceptable,
                    "the answer doesn't fit the media type \(form.content.rawValue): \(why); accept multipart/mixed"))
        }
        stream(exchange, message, part.contentType, [.range(part.bytes)])
    }

    private func multipart(_ exchange: Exchange, _ message: GRPCMessage, _ parts: [ArrowParts.Part]) {
        let boundary =
            String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
        var pieces: [Piece] = []
        for part in parts {
            let size = part.text?.count ?? part.bytes.count
            pieces.append(.text(ByteBuffer(string: "--\(boundary)\r\n\(part.fields)Content-Length: \(size)\r\n\r\n")))
            pieces.append(part.text.map { .text(ByteBuffer(bytes: $0)) } ?? .range(part.bytes))
            pieces.append(.text(ByteBuffer(staticString: "\r\n")))
        }
        pieces.append(.text(ByteBuffer(string: "--\(boundary)--\r\n")))
        stream(exchange, message, "multipart/mixed; boundary=\(boundary)", pieces)
    }

    private enum Piece {
        case text(ByteBuffer)
        /// Bytes of the message.
        case range(Range<Int>)

        var count: Int {
            switch self {
            case .text(let text): text.readableBytes
            case .range(let range): range.count
            }
        }
    }

    private func stream(
        _ exchange: Exchange, _ message: GRPCMessage, _ contentType: String, _ pieces: [Piece]
    ) {
        let length = pieces.reduce(0) { $0 + $1.count }
        exchange.start(status: 200, body: .known(length)) { head in
            head.add("Content-Type", contentType)
            head.addDate()
        }
        let body = PacedBody(exchange)
        exchange.take(body)
        for piece in pieces {
            switch piece {
            case .text(let text): body.add(text)
            case .range(let range): body.add(Self.source(message, range))
            }
        }
        body.drained {
            exchange.letGo()
            exchange.end()
        }
    }

    private static func source(_ message: GRPCMessage, _ range: Range<Int>) -> PacedBody.Source {
        var start = range.lowerBound
        return {
            guard start < range.upperBound else { return nil }
            let end = min(start + PacedBody.pieceSize, range.upperBound)
            defer { start = end }
            return message.withBytes { ByteBuffer(bytes: $0.slice(start..<end)) }
        }
    }
}
