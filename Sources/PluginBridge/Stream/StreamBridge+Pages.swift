import HTTPKit
import NIOCore

extension StreamBridge {
    /// Lets a page of `stream-allowed-origins` read the answers to its request; answers a preflight itself.
    ///
    /// - Returns: whether it has answered.
    package func admitPage(_ exchange: Exchange) -> Bool {
        guard let page = CrossOrigin(exchange.request, settings.origins) else { return false }
        exchange.answerFields = page.fields
        guard page.isPreflight else { return false }
        exchange.respond(204, contentType: nil, body: ByteBuffer()) { head in
            head.add(CrossOrigin.preflightFields)
        }
        return true
    }
}
