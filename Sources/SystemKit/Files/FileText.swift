import DataPlaneAPI

#if canImport(Glibc)
import Glibc
#endif

/// Reads small text files.
package enum FileText {
    /// The file's text.
    ///
    /// - Throws: `GatewayError` with the path and the system's reason.
    package static func read(_ path: String) throws(GatewayError) -> String {
        // Opening or reading a pipe waits for its writer, perhaps for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw GatewayError(.badRequest, "\(path): can't be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw GatewayError(.badRequest, "\(path): is not an ordinary file; put one there")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw GatewayError(.badRequest, "\(path): can't be read: \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= 64 * 1024 * 1024 else {
                throw GatewayError(.badRequest, "\(path): is larger than 64 MiB")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
