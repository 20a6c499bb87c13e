import Foundation
import Glibc

/// A failure of the test's own surroundings, with what helps to understand it.
struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Where the built programs and the repository's files are.
enum Programs {
    /// The folder of the built products: the one that the test bundle lies in.
    static let products: String = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundlePath
        let path = bundle ?? CommandLine.arguments.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
        return path.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    }()

    /// The repository's root.
    static let root = #filePath.components(separatedBy: "/").dropLast(4).joined(separator: "/")

    /// The gateway: `$GATEWAY_BIN`, else the built one.
    static func gateway() throws -> String {
        if let named = ProcessInfo.processInfo.environment["GATEWAY_BIN"], !named.isEmpty { return named }
        return try built("dataplane-gateway", "GatewayCLI")
    }

    /// A built program under one of its names.
    static func built(_ names: String...) throws -> String {
        for name in names where FileManager.default.isExecutableFile(atPath: "\(products)/\(name)") {
            return "\(products)/\(name)"
        }
        throw Trouble("none of \(names) is in \(products); build first, or set GATEWAY_BIN")
    }

    /// A program of the PATH; nil when it isn't installed.
    static func installed(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").components(separatedBy: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A Python 3; the test servers need nothing but its standard library.
    static func python() throws -> String {
        guard let python = installed("python3") else { throw Trouble("python3 is not installed") }
        return python
    }
}

/// A new folder, removed with its owner.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "e2e-" + UUID().uuidString.prefix(13).lowercased()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        Survivors.add(folder: path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
        Survivors.remove(folder: path)
    }

    /// Writes a file, and the folders to it; returns its path.
    @discardableResult
    func write(_ name: String, _ text: String, executable: Bool = false) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file) }
        return file
    }

    /// Copies a program into the folder and gives everything in it to nobody (65534); returns the copy's path.
    func handOver(_ program: String) throws -> String {
        let copy = "\(path)/\((program as NSString).lastPathComponent)"
        try FileManager.default.copyItem(atPath: program, toPath: copy)
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        for name in [path] + names.map({ "\(path)/\($0)" }) {
            guard lchown(name, 65534, 65534) == 0 else {
                throw Trouble("chown \(name): \(String(cString: strerror(errno)))")
            }
        }
        return copy
    }

    /// Makes a folder; returns its path.
    func folder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: "\(path)/\(name)", withIntermediateDirectories: true)
        return "\(path)/\(name)"
    }
}
