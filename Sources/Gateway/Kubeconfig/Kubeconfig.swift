import DataPlaneAPI
import SystemKit

/// The kubeconfig that the first start writes, under the name that Grafana's own documents use.
enum Kubeconfig {
    /// Writes the file when there is none or it names another server, and gives its path.
    ///
    /// - Parameters:
    ///   - server: the data port's URL.
    ///   - data: the data folder.
    static func write(server: String, data: String) throws(GatewayError) -> String {
        let folder = "\(data)/grafana-apiserver"
        try Folder.create(folder, mode: 0o700)
        let path = "\(folder)/grafana.kubeconfig"
        let text = """
            apiVersion: v1
            kind: Config
            current-context: default-context
            clusters:
              - name: default-cluster
                cluster:
                  server: "\(server)"
            contexts:
              - name: default-context
                context:
                  cluster: default-cluster
                  namespace: default
                  user: default
            users:
              - name: default
                user: {}

            """
        if (try? FileText.read(path)) != text { try FileWriter.replace(path, text, mode: 0o600) }
        return path
    }
}
