import Access
import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore

/// The admin listener: health, metrics and what the gateway knows, for operators on the machine.
final class AdminHandler: ExchangeHandler {
    private let pages: AdminPages
    private let gate: any Gate
    private let scrape: PluginScrape?
    private let download: StoreDownload

    init(pages: AdminPages, gate: any Gate, scrape: PluginScrape?, download: StoreDownload) {
        self.pages = pages
        self.download = download
        self.gate = gate
        self.scrape = scrape
    }

    func handle(_ exchange: Exchange) {
        exchange.handledBy = .admin
        if gate.admits(exchange, later: { [self] in answer(exchange) }) { answer(exchange) }
    }

    private func answer(_ exchange: Exchange) {
        let path = exchange.path
        if path.count == 1, path.text(0) == "backup" { return download.answer(exchange) }
        guard exchange.request.method == .get || exchange.request.method == .head else {
            return exchange.respond(.methodNotAllowed(exchange.request.methodText, allow: ["GET", "HEAD"]))
        }
        if let scrape, let id = PluginScrape.pluginID(path) { return scrape.answer(exchange, pluginID: id) }
        let targets = Result { () throws(GatewayError) in try ScrapeTargets(exchange) }
        let query = exchange.request.query
        let bound = NIOLoopBound(exchange, eventLoop: exchange.loop)
        let (loop, pages) = (exchange.loop, pages)
        Task {
            let page = await pages.page(path, query: query, targets: targets)
            loop.execute {
                let exchange = bound.value
                switch page {
                case .success(let page):
                    exchange.respond(200, contentType: page.contentType, body: ByteBuffer(bytes: page.body))
                case .failure(let error):
                    exchange.respond(error)
                }
            }
        }
    }
}

/// One page of the admin listener.
struct AdminPage: Sendable {
    var contentType: String
    var body: [UInt8]

    init(json: JSONValue) {
        contentType = "application/json"
        body = json.bytes(.indented)
        body.append(0x0A)
    }

    init(text: String, contentType: String = "text/plain; charset=utf-8") {
        self.contentType = contentType
        body = Array(text.utf8)
    }
}

extension HandlerName {
    /// The admin listener.
    static let admin = register("admin")
}
