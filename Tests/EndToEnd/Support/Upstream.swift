import Foundation

/// The test server behind a gateway; see upstream.py for what its paths do.
final class Upstream: Sendable {
    let process: ChildProcess
    let port: UInt16

    /// Starts the server.
    ///
    /// - Parameters:
    ///   - tls: certificate, key and where clients need a certificate its authority; empty for plain HTTP.
    ///   - isGrafana: whether it has the part of Grafana's API that grafana.py has.
    init(tls: [String] = [], isGrafana: Bool = false) throws {
        process = try ChildProcess(
            Programs.python(),
            ["\(Programs.root)/Tests/EndToEnd/Support/upstream.py"] + tls + (isGrafana ? ["grafana"] : []))
        guard let line = process.stdout.wait(containing: "port "), let number = UInt16(line.dropFirst(5)) else {
            throw Trouble("the test server did not start: \(process.stderr.tail())")
        }
        port = number
    }

    /// One request as it arrived.
    struct Recorded {
        let head: String
        let body: String
        let trailers: [[String]]
        let connection: Int

        /// The request line.
        var line: String { head.components(separatedBy: "\r\n")[0] }
        /// Fields in order, bytes as Latin-1.
        var fields: [(name: String, value: String)] {
            head.components(separatedBy: "\r\n").dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
            }
        }

        func all(_ name: String) -> [String] {
            fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        }
    }

    /// The requests that arrived whose target contains a text: tests that share a server mark theirs.
    func recorded(_ mark: String) throws -> [Recorded] {
        let answer = try RawClient(port: port).request("GET", "/recorded")
        let list = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]] ?? []
        return list.compactMap { entry in
            guard let head = entry["head"] as? String, let body = entry["body"] as? String else { return nil }
            return Recorded(
                head: head, body: body, trailers: entry["trailers"] as? [[String]] ?? [],
                connection: entry["connection"] as? Int ?? 0)
        }.filter { $0.line.contains(mark) }
    }

    /// A counter of the server.
    func statistic(_ name: String) throws -> Int {
        try RawClient(port: port).request("GET", "/stats").json[name] as? Int ?? 0
    }
}

/// A gateway and an upstream that tests which change nothing share.
enum Shared {
    static let upstream = Result { try Upstream() }
    static let proxy = Result { try Gateway(upstream: try upstream.get().port) }

    /// A gateway with the test plugin, data sources and the shared upstream.
    static let queries = Result {
        let gateway = try Gateway(
            upstream: try upstream.get().port, plugins: { try TestPlugins.install("testds", in: $0) },
            services: [.init(), .init(group: "other.example.com", pluginID: "nowhere")],
            sources: [
                .init(
                    uid: "123", more: "    jsonData:\n      colour: blue\n    secureJsonData:\n      token: s3cret\n"),
                .init(uid: "open", more: "    jsonData:\n      keepCookies: [sid]\n      oauthPassThru: true\n"),
                .init(uid: "a/b"), .init(uid: "two", orgID: 2), .init(uid: "foreign", type: "loki"),
                .init(uid: "nowhere", type: "nowhere"),
            ])
        try gateway.waitForPlugin("testds")
        return gateway
    }
}

/// Puts plugins into a gateway's folder.
enum TestPlugins {
    #if arch(arm64)
    static let platform = "linux_arm64"
    #else
    static let platform = "linux_amd64"
    #endif

    static func manifest(_ id: String) -> String {
        """
        {"id": "\(id)", "type": "datasource", "name": "\(id)", "backend": true, "executable": "gpx_test",
         "info": {"version": "1.2.3"}, "aliasIDs": ["\(id)-old"]}
        """
    }

    /// The built test plugin under an id.
    static func install(_ id: String, in folder: TemporaryFolder) throws {
        try folder.write("plugins/\(id)/plugin.json", manifest(id))
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/plugins/\(id)/gpx_test_\(platform)",
            withDestinationPath: Programs.built("TestPlugin"))
    }

    /// A shell script as a plugin.
    static func install(_ id: String, script: String, in folder: TemporaryFolder) throws {
        try folder.write("plugins/\(id)/plugin.json", manifest(id))
        try folder.write("plugins/\(id)/gpx_test_\(platform)", "#!/bin/sh\n\(script)\n", executable: true)
    }
}
