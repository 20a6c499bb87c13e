import DataPlaneAPI

#if canImport(Glibc)
import Glibc
#endif

/// Reads small text files.
package enum FileText {
    /// The file's text, without the byte order mark that editors on Windows write.
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
        return text(bytes)
    }

    /// The text of a file's bytes: UTF-8, or UTF-16 where a byte order mark says so.
    static func text(_ bytes: [UInt8]) -> String {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return String(decoding: bytes[3...], as: UTF8.self) }
        let isLittle = bytes.starts(with: [0xFF, 0xFE])
        guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return String(decoding: bytes, as: UTF8.self) }
        let units = stride(from: 2, to: bytes.count - 1, by: 2).map { place in
            let (first, second) = (UInt16(bytes[place]), UInt16(bytes[place + 1]))
            return isLittle ? second << 8 | first : first << 8 | second
        }
        return String(decoding: units, as: UTF16.self)
    }
}
