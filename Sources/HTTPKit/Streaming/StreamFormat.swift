import DataPlaneAPI

/// How the messages of a stream are written to a client.
package enum StreamFormat: Int, Sendable, CaseIterable {
    /// Server-Sent Events (`text/event-stream`).
    case events
    /// One JSON object per line (`application/x-ndjson`).
    case lines
    /// One JSON object per text message of a WebSocket.
    case webSocket

    /// The media type; empty for a WebSocket.
    package var contentType: String {
        switch self {
        case .events: "text/event-stream"
        case .lines: "application/x-ndjson"
        case .webSocket: ""
        }
    }

    /// What a request asks for: a WebSocket by `Upgrade`, else by `Accept`; JSON lines when it doesn't care.
    ///
    /// - Throws: 406 when it accepts none of them.
    package static func asked(by request: RequestHead) throws(GatewayError) -> StreamFormat {
        if WebSocketHandshake.isRequested(by: request) { return .webSocket }
        var best: (format: StreamFormat, weight: Int)?
        var isAsked = false
        for field in request.headers.fields where field.known == .accept {
            for item in request.headers.value(field).split(separator: ",") {
                isAsked = true
                let (type, weight) = mediaRange(item)
                guard let format = format(of: type), weight > best?.weight ?? 0 else { continue }
                best = (format, weight)
            }
        }
        if let best { return best.format }
        guard isAsked else { return .lines }
        throw GatewayError(
            .notAcceptable,
            "a stream comes as text/event-stream, application/x-ndjson, or as a WebSocket; accept one of them")
    }

    private static func format(of type: String) -> StreamFormat? {
        switch type {
        case "text/event-stream": .events
        case "application/x-ndjson", "application/jsonl", "text/jsonl", "application/ndjson", "application/*", "*/*":
            .lines
        case "text/*": .events
        default: nil
        }
    }

    /// A media range without its parameters, in lower case, and its weight in thousandths.
    private static func mediaRange(_ item: Substring) -> (type: String, weight: Int) {
        let parts = item.split(separator: ";", omittingEmptySubsequences: false)
        let type = (parts.first ?? "").filter { $0 != " " && $0 != "\t" }.lowercased()
        var weight = 1000
        for part in parts.dropFirst() {
            let text = part.filter { $0 != " " && $0 != "\t" }.lowercased()
            guard text.hasPrefix("q="), let value = Double(text.dropFirst(2)), (0...1).contains(value) else { continue }
            weight = Int(value * 1000)
        }
        return (type, weight)
    }
}
