import DataPlaneAPI

#if canImport(Glibc)
import Glibc
#endif

/// Reads a large file piece by piece.
package final class FilePieces: Sendable {
    /// Its size when it was opened, bytes.
    package let size: Int
    private let path: String
    private let descriptor: Int32

    /// Opens a file.
    ///
    /// - Throws: `GatewayError` with the path and the system's reason.
    package init(_ path: String) throws(GatewayError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw GatewayError(.badRequest, "\(path): can't be read: \(String(cString: strerror(errno)))")
        }
        var facts = stat()
        size = fstat(descriptor, &facts) == 0 ? Int(facts.st_size) : 0
    }

    deinit { close(descriptor) }

    /// The next bytes, so many at the most; nil at the end.
    package func next(_ most: Int) throws(GatewayError) -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: most)
        while true {
            let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw GatewayError(.internalError, "\(path): can't be read: \(String(cString: strerror(errno)))")
            }
            guard count > 0 else { return nil }
            piece.removeLast(most - count)
            return piece
        }
    }
}
