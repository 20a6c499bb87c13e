import DataPlaneAPI

#if canImport(Glibc)
import Glibc
#endif

/// A file that is written piece by piece and appears under its name once it is whole.
package final class NewFile {
    private let path: String
    private let temporary: String
    private var descriptor: Int32

    /// Begins a file under a name that must not be taken.
    ///
    /// - Parameter mode: its permissions.
    package init(_ path: String, mode: UInt32) throws(GatewayError) {
        self.path = path
        temporary = "\(path).new-\(getpid())"
        descriptor = -1
        guard FileFacts(path) == nil else {
            throw GatewayError(.badRequest, "\(path): exists already; give a new name")
        }
        unlink(temporary)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw fault("created") }
    }

    deinit { discard() }

    private func fault(_ what: String) -> GatewayError {
        GatewayError(.internalError, "\(path): can't be \(what): \(String(cString: strerror(errno)))")
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(GatewayError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fault("written") }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    /// Brings the file to disk and gives it its name.
    package func finish() throws(GatewayError) {
        guard fsync(descriptor) == 0 else { throw fault("written") }
        close(descriptor)
        descriptor = -1
        // Not rename: it would replace a file that came meanwhile.
        guard link(temporary, path) == 0 else { throw fault("put in place") }
        unlink(temporary)
    }

    /// Closes and removes what has no name yet.
    private func discard() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
        unlink(temporary)
    }

    /// Copies a file to a name that isn't taken, to disk.
    package static func copy(_ source: String, to path: String, mode: UInt32) throws(GatewayError) {
        let input = try FilePieces(source)
        let output = try NewFile(path, mode: mode)
        while let piece = try input.next(1 << 20) {
            let written = piece.withUnsafeBytes { raw in Result { () throws(GatewayError) in try output.write(raw) } }
            try written.get()
        }
        try output.finish()
    }
}
