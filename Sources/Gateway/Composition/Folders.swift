import DataPlaneAPI
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// The folders the process writes to, made and locked.
struct Folders: Sendable {
    /// Database and kubeconfig.
    let data: String
    /// Plugin sockets.
    let runtime: String
    private let lock: FolderLock

    /// The longest path of a runtime folder: a socket's whole path must stay below 108 bytes.
    private static let longestRuntime = 70

    init(_ settings: Settings) throws(GatewayError) {
        data = Folder.absolute(settings.dataDir)
        try Folder.create(data, mode: 0o700)
        lock = try FolderLock(data)
        if settings.runtimeDir.isEmpty {
            let beside = "\(data)/run"
            runtime = beside.utf8.count <= Self.longestRuntime ? beside : "/run/user/\(getuid())/dataplane-gateway"
        } else {
            runtime = Folder.absolute(settings.runtimeDir)
        }
        guard runtime.utf8.count <= Self.longestRuntime else {
            throw GatewayError(
                .badRequest,
                "runtime-dir: \(runtime) is longer than \(Self.longestRuntime) bytes, too long for sockets in it; give a shorter one"
            )
        }
        try Folder.create(runtime, mode: 0o700)
        guard chmod(runtime, 0o700) == 0 else {
            throw GatewayError(
                .internalError, "runtime-dir: \(runtime) can't be made private: \(String(cString: strerror(errno)))")
        }
    }
}

/// The environment of this process.
enum ProcessEnvironment {
    static var all: [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                values[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            entry += 1
        }
        return values
    }
}
