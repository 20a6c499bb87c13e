import DataPlaneAPI
import HTTPKit
import NIOCore

/// The admin listener: health of the process, metrics and what the gateway knows, for operators on the machine.
final class AdminHandler: ExchangeHandler {
    private let pages: any AdminPages

    init(pages: any AdminPages) {
        self.pages = pages
    }

    func handle(_ exchange: Exchange) {
        exchange.handledBy = "admin"
        guard exchange.request.method == .get || exchange.request.method == .head else {
            return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["GET", "HEAD"]))
        }
        let target = exchange.request.target
        let bound = NIOLoopBound(exchange, eventLoop: exchange.loop)
        let loop = exchange.loop
        let pages = pages
        Task {
            let page = await pages.page(target)
            loop.execute {
                let exchange = bound.value
                switch page {
                case .success(let page):
                    exchange.respond(page.status, contentType: page.contentType, body: ByteBuffer(bytes: page.body))
                case .failure(let error):
                    exchange.respond(error)
                }
            }
        }
    }
}

/// One page of the admin listener.
struct AdminPage: Sendable {
    var status = 200
    var contentType = "application/json"
    var body: [UInt8]

    init(status: Int = 200, json: JSONValue) {
        self.status = status
        body = json.bytes(.indented)
        body.append(0x0A)
    }

    init(status: Int = 200, text: String) {
        self.status = status
        contentType = "text/plain; charset=utf-8"
        body = Array(text.utf8)
    }
}

/// Makes the pages of the admin listener.
protocol AdminPages: Sendable {
    func page(_ target: String) async -> Result<AdminPage, GatewayError>
}
