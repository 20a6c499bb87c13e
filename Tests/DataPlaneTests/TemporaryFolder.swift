import DataPlaneAPI
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// A folder that is gone after the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var name = Array("/tmp/dataplane-tests-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw GatewayError(.internalError, "no temporary folder") }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// Writes a file, making the folders above it; gives its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        if let slash = file.lastIndex(of: "/") { try Folder.create(String(file[..<slash])) }
        try FileWriter.replace(file, text, mode: 0o600)
        return file
    }

    /// Writes a file that need not be text.
    @discardableResult
    func write(_ name: String, bytes: [UInt8]) throws -> String {
        let file = try write(name, "")
        guard let stream = fopen(file, "wb") else { throw GatewayError(.internalError, "no file") }
        defer { fclose(stream) }
        guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else {
            throw GatewayError(.internalError, "not written")
        }
        return file
    }

    /// Points a link to something else, in one step as mounted ConfigMaps do.
    func link(_ name: String, to target: String) {
        symlink(target, "\(path)/\(name).new")
        rename("\(path)/\(name).new", "\(path)/\(name)")
    }

    func delete(_ name: String) { Self.remove("\(path)/\(name)") }

    private static func remove(_ path: String) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        if facts.st_mode & S_IFMT == S_IFDIR {
            for name in (try? Folder.names(path)) ?? [] { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
