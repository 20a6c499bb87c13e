import DataPlaneAPI
import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
import Glibc
#endif

/// An error whose own description says what to look at.
package protocol DescribedError: Error, CustomStringConvertible {}

/// A network error in words that say what to look at.
package func describe(_ error: any Error) -> String {
    switch error {
    case let error as IOError:
        return String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
        if let first = error.connectionErrors.first { return describe(first.error) }
        return "no address to connect to"
    case ChannelError.connectTimeout:
        return "no answer to the connection attempt"
    case ChannelError.eof, ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed:
        return "the connection was closed"
    case let error as GatewayError:
        return error.message
    case let error as any DescribedError:
        return error.description
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError, is NIOTLSUnwrappingError:
        return TLSErrorText.words("\(error)")
    case is SocketAddressError:
        return "the host name does not resolve"
    case ChannelError.inputClosed, ChannelError.outputClosed:
        return "the connection was closed"
    default:
        // What libraries say is for their authors.
        return "the connection failed"
    }
}
