import DataPlaneAPI

#if canImport(Glibc)
import Glibc
#endif

/// What a path points to, symlinks followed.
package struct FileFacts: Sendable, Hashable {
    /// Device and inode: equal for the same file.
    package let device: UInt64
    package let inode: UInt64
    /// Size in bytes.
    package let size: Int
    /// Last change, nanoseconds since 1970.
    package let modified: Int64
    /// Whether it is a folder.
    package let isFolder: Bool
    /// Whether it is an ordinary file that may be executed by somebody.
    package let isExecutable: Bool
    /// Whether this process may read it: rights that were mended are a change.
    package let isReadable: Bool

    /// The facts of a path; nil when it can't be looked at.
    package init?(_ path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
        size = Int(facts.st_size)
        modified = Int64(facts.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(facts.st_mtim.tv_nsec)
        isFolder = facts.st_mode & S_IFMT == S_IFDIR
        isExecutable = facts.st_mode & S_IFMT == S_IFREG && facts.st_mode & 0o111 != 0
        isReadable = faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0
    }
}

extension FileFacts {
    /// Whether the file had been left alone for a moment when it was read, at milliseconds since 1970.
    ///
    /// One that is written twice within a tick of the system's clock looks the same after both.
    package func isSettled(atMS read: Int) -> Bool { Int(modified / 1_000_000) < read - 100 }

    /// Whether a path is a socket itself; links aren't followed.
    package static func isSocket(_ path: String) -> Bool {
        var facts = stat()
        return lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFSOCK
    }
}

/// Looks into folders.
package enum Folder {
    /// Names in a folder without `.` and `..`, sorted by their bytes.
    ///
    /// - Throws: `GatewayError` with the path and the system's reason.
    package static func names(_ path: String) throws(GatewayError) -> [String] {
        guard let handle = opendir(path) else {
            throw GatewayError(.badRequest, "\(path): can't be listed: \(String(cString: strerror(errno)))")
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The YAML files that a path names: itself when it is a file, else those directly in the folder; hidden ones,
    /// among them the swap folders of a mounted ConfigMap, are left out.
    ///
    /// - Parameter endings: accepted endings, with the dot.
    package static func files(_ path: String, endings: [String]) throws(GatewayError) -> [String] {
        try entries(path, endings: endings).map(\.path)
    }

    /// The same files with what they look like.
    package static func entries(
        _ path: String, endings: [String]
    ) throws(GatewayError) -> [(path: String, facts: FileFacts)] {
        guard let facts = FileFacts(path) else {
            throw GatewayError(.badRequest, "\(path): can't be read: \(String(cString: strerror(errno)))")
        }
        guard facts.isFolder else { return [(path, facts)] }
        let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
        return try names(path).filter { name in !name.hasPrefix(".") && endings.contains { name.hasSuffix($0) } }
            .compactMap { name in
                let file = "\(folder)/\(name)"
                return FileFacts(file).flatMap { $0.isFolder ? nil : (file, $0) }
            }
    }

    /// Creates a folder and the missing ones above it.
    ///
    /// - Parameter mode: permissions of folders that are created.
    package static func create(_ path: String, mode: UInt32 = 0o755) throws(GatewayError) {
        var built = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            built += built.isEmpty || built.hasSuffix("/") ? String(part) : "/\(part)"
            if mkdir(built, mode_t(mode)) != 0, errno != EEXIST {
                throw GatewayError(
                    .internalError, "\(built): can't create the folder: \(String(cString: strerror(errno)))")
            }
        }
        guard FileFacts(path)?.isFolder == true else {
            throw GatewayError(.internalError, "\(path): is not a folder")
        }
    }

    /// Removes a folder with everything in it; links are removed, never followed.
    package static func remove(_ path: String) {
        for name in (try? names(path)) ?? [] {
            let inner = "\(path)/\(name)"
            var facts = stat()
            guard lstat(inner, &facts) == 0 else { continue }
            if facts.st_mode & S_IFMT == S_IFDIR { remove(inner) } else { unlink(inner) }
        }
        rmdir(path)
    }

    /// What files look like at one moment; a later different value means that something changed.
    package static func fingerprint(_ paths: [String], endings: [String]) -> [String: FileFacts] {
        var facts: [String: FileFacts] = [:]
        for path in paths {
            for (file, found) in (try? entries(path, endings: endings)) ?? [] { facts[file] = found }
        }
        return facts
    }

    /// The absolute form of a path, without resolving links.
    package static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let raw = getcwd(nil, 0) else { return path }
        defer { free(raw) }
        let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return "\(String(cString: raw))/\(relative)"
    }
}
