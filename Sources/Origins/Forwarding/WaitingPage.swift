import DataPlaneAPI
import HTTPKit
import NIOCore

/// What a person sees whose browser asks while the upstream is away: a page that tries again by itself.
enum WaitingPage {
    /// Seconds between two tries of a browser.
    private static let seconds = 5

    /// Whether an error is shown as the page: to who reads pages, for a request that may be sent again, while the server
    /// is away.
    static func isFor(_ exchange: Exchange, _ error: GatewayError) -> Bool {
        guard [502, 503, 504].contains(error.httpStatus),
            exchange.request.method == .get || exchange.request.method == .head,
            let accept = exchange.request.headers.first(.accept)
        else { return false }
        return exchange.request.headers.withValue(accept) { value in
            let first = value.prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ";") && $0 != 0x20 }
            return UnsafeRawBufferPointer(rebasing: first).equalsIgnoringCase("text/html")
        }
    }

    /// Answers with the page and the error's status.
    static func respond(_ exchange: Exchange, _ error: GatewayError) {
        exchange.error = error
        let page = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="refresh" content="\(seconds)">
            <meta name="viewport" content="width=device-width">
            <title>Not available at the moment</title>
            </head>
            <body>
            <h1>Not available at the moment</h1>
            <p>The server behind this address does not answer. This page tries again every \(seconds) seconds.</p>
            <p><small>\(error.httpStatus): \(escaped(error.message))</small></p>
            </body>
            </html>

            """
        exchange.respond(
            error.httpStatus, contentType: "text/html; charset=utf-8", body: ByteBuffer(string: page)
        ) { head in
            head.add("Retry-After", String(seconds))
            head.add("Cache-Control", fixed: "no-store")
            head.add("X-Content-Type-Options", fixed: "nosniff")
            head.add("Content-Security-Policy", fixed: "default-src 'none'")
        }
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
        return out
    }
}
