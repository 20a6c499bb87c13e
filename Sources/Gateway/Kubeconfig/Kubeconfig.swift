import Bytes
import DataPlaneAPI
import SystemKit

/// The kubeconfig that the first start writes, under the names that Grafana's own documents use.
struct Kubeconfig: Sendable {
    /// The data port's URL.
    var server: String
    /// The certificates that the server's is checked against, PEM; empty for plain HTTP.
    var authority = ""
    /// The name that the server's certificate is for, where it isn't the URL's host.
    var serverName: String?
    /// The bearer token; kubectl sends none over plain HTTP.
    var token: String?

    /// Where it is written; all files are the same.
    static func paths(data: String) -> [String] {
        [
            "\(data)/grafana-apiserver/grafana.kubeconfig", "\(data)/grafana-apiserver/aggregator.kubeconfig",
            "\(data)/grafana-aggregator/aggregator.kubeconfig",
        ]
    }

    /// Writes the files that are missing or say something else, and gives the path of the first.
    ///
    /// - Parameter data: the data folder.
    func write(data: String) throws(GatewayError) -> String {
        let text = text
        let paths = Self.paths(data: data)
        for path in paths {
            guard let slash = path.lastIndex(of: "/") else { continue }
            try Folder.create(String(path[..<slash]), mode: 0o700)
            if (try? FileText.read(path)) != text { try FileWriter.replace(path, text, mode: 0o600) }
        }
        return paths.first ?? ""
    }

    private var text: String {
        var cluster = "      server: \"\(server)\"\n"
        if !authority.isEmpty { cluster += "      certificate-authority-data: \(Base64.encode(authority.utf8))\n" }
        if let serverName { cluster += "      tls-server-name: \"\(serverName)\"\n" }
        let user = token.map { "\n      token: \"\($0)\"" } ?? " {}"
        return """
            apiVersion: v1
            kind: Config
            current-context: default-context
            clusters:
              - name: default-cluster
                cluster:
            \(cluster.split(separator: "\n").map { "      \($0.drop { $0 == " " })" }.joined(separator: "\n"))
            contexts:
              - name: default-context
                context:
                  cluster: default-cluster
                  namespace: default
                  user: default
            users:
              - name: default
                user:\(user)

            """
    }
}
