import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Why a server can't be asked, in a person's words.
enum ClientFault {
    static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else {
                return "its name \(error.host) is not known"
            }
            return words(first.error)
        case let error as IOError: return String(cString: strerror(error.errnoCode)).lowercased()
        case is SocketAddressError: return "its name is not known"
        case let error as NIOSSLError: return tls(error)
        case is NIOSSLExtraError: return "its certificate is for another name"
        case is HTTPParserError: return "it doesn't speak HTTP"
        case let error as ChannelError: return channel(error)
        case let error as HTTPClientError: return client(error)
        default: return "the request failed"
        }
    }

    private static func channel(_ error: ChannelError) -> String {
        if case .connectTimeout = error { return "it takes no connection" }
        return "it closed the connection"
    }

    private static func client(_ error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: "it takes no connection"
        case .tlsHandshakeTimeout: "it doesn't answer in TLS; check whether the url should begin with http://"
        case .remoteConnectionClosed, .uncleanShutdown: "it closed the connection"
        case .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath: "the url is not valid"
        default: "the request failed"
        }
    }

    private static func tls(_ error: NIOSSLError) -> String {
        // The library tells what happened only in a text that names its source files.
        let text = String(describing: error)
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "its certificate is not trusted; have a known authority sign it, or set tlsSkipVerify"
        }
        if text.contains("WRONG_VERSION_NUMBER") {
            return "it doesn't speak TLS; check whether the url should begin with http://"
        }
        if case .uncleanShutdown = error { return "it closed the connection" }
        return "there is no TLS with it"
    }
}
