import DataPlaneAPI

#if canImport(Glibc)
import Glibc
#endif

/// Writes small files whole.
package enum FileWriter {
    /// Replaces a file: written aside, synced, renamed, so that a reader never sees half of it.
    ///
    /// - Parameter mode: permissions of the file.
    package static func replace(_ path: String, _ text: String, mode: UInt32) throws(GatewayError) {
        let temporary = "\(path).new-\(getpid())"
        func fault(_ what: String) -> GatewayError {
            GatewayError(.internalError, "\(path): can't \(what): \(String(cString: strerror(errno)))")
        }
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
        guard descriptor >= 0 else { throw fault("create it") }
        keepOwner(descriptor, path)
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = fault("write it")
                close(descriptor)
                unlink(temporary)
                throw error
            }
            written += count
        }
        let synced = fsync(descriptor) == 0
        close(descriptor)
        guard synced, rename(temporary, path) == 0 else {
            let error = fault("write it")
            unlink(temporary)
            throw error
        }
    }
}

extension FileWriter {
    /// Gives a new file the owner of the one it replaces, or of its folder: root may write for another user.
    private static func keepOwner(_ descriptor: Int32, _ path: String) {
        guard geteuid() == 0 else { return }
        var facts = stat()
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard stat(path, &facts) == 0 || stat(folder.isEmpty ? "/" : folder, &facts) == 0 else { return }
        _ = fchown(descriptor, facts.st_uid, facts.st_gid)
    }
}

/// A folder that only one process may use at a time.
package final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock; it is held until the process ends.
    ///
    /// - Throws: `GatewayError` that names the folder when another process holds it.
    package init(_ folder: String) throws(GatewayError) {
        let path = "\(folder)/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw GatewayError(.internalError, "\(path): can't be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw GatewayError(
                .internalError,
                "the data folder \(folder) is in use by another dataplane-gateway; stop it or give --data-dir another folder"
            )
        }
    }

    deinit { close(descriptor) }
}
