import Foundation
import Testing

/// The plugins that are not built on our code; both answer the same, each with its own libraries.
enum ForeignPlugin: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// grpcio and pyarrow.
    case python
    /// hashicorp/go-plugin and grpc-go, frames as JSON.
    case go

    var testDescription: String { rawValue }

    /// A Python with grpcio and pyarrow: PLUGIN_PYTHON, else that of the system; nil where there is none.
    static func pythonProgram() throws -> String? {
        let named = ProcessInfo.processInfo.environment["PLUGIN_PYTHON"] ?? "/usr/bin/python3"
        let check = try ChildProcess(named, ["-c", "import grpc, pyarrow"])
        guard check.waitForExit(), check.exitStatus == 0 else {
            print("skipped: \(named) has no grpcio and pyarrow; set PLUGIN_PYTHON to one that has")
            return nil
        }
        return named
    }

    /// The command that starts it; nil where it is not there.
    func command() throws -> String? {
        switch self {
        case .python:
            return try Self.pythonProgram().map { "'\($0)' '\(Programs.root)/Tests/Interop/python/plugin.py'" }
        case .go:
            guard let program = ProcessInfo.processInfo.environment["PLUGIN_GO"], !program.isEmpty else {
                print("skipped: the Go plugin is not built; set PLUGIN_GO to its program")
                return nil
            }
            return "'\(program)'"
        }
    }

    /// The flag as the language writes it.
    private func flag(_ name: String) -> String { self == .python ? "--\(name)" : "-\(name)" }

    /// Starts a gateway with the plugin and all its services; nil where the plugin is not there.
    ///
    /// - Parameter arguments: names of flags, such as `tcp`.
    func gateway(_ arguments: String...) throws -> Gateway? {
        guard let command = try command() else { return nil }
        let id = rawValue
        let gateway = try Gateway(
            plugins: { folder in
                try TestPlugins.install(
                    id, script: "exec \(command) \(arguments.map(flag).joined(separator: " "))", in: folder)
                try folder.write(
                    "manifests/interop.yaml",
                    ShowcaseGateway.manifest(
                        group: "interop.example", pluginID: id,
                        services: [
                            "query", "resource", "health", "metrics", "stream", "admission", "conversion",
                        ]))
            },
            sources: [.init(uid: "123", type: id)])
        try gateway.waitForPlugin(id, seconds: 60)
        return gateway
    }

    private static let shared = Dictionary(
        uniqueKeysWithValues: allCases.map { plugin in
            (plugin, Result { try plugin.gateway() })
        })

    /// One that tests share which leave the plugin as it is.
    func sharedGateway() throws -> Gateway? { try Self.shared[self]?.get() }

    /// Below the group and version.
    static let root = "/apis/interop.example/v1"
    /// Below the data source.
    static let source = "\(root)/namespaces/default/datasources/123"
}
