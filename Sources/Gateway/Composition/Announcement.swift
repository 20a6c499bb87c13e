import Bytes
import DataPlaneAPI
import HTTPKit
import SystemKit

#if canImport(Glibc)
import Glibc
#endif

/// What the process says once requests are served: lines for people and scripts, and the kubeconfig.
struct Announcement: Sendable {
    let listeners: Listeners
    /// The data folder.
    let data: String

    /// Writes the kubeconfig and prints the lines.
    func publish() throws(GatewayError) {
        if let path = try writeKubeconfig() { StandardOutput.line("export KUBECONFIG=\(path)") }
        var ready = "ready"
        for started in listeners.all {
            let word = started.settings.purpose == .admin ? "admin" : started.tls == nil ? "http" : "https"
            ready += " \(word)=\(started.url)"
        }
        StandardOutput.line("\(ready) pid=\(getpid())")
    }

    /// Writes the kubeconfig; nil when there is no listener for users.
    @discardableResult
    func writeKubeconfig() throws(GatewayError) -> String? {
        if let secure = listeners.first(isTLS: true), let files = secure.settings.tls {
            // As it is on disk now: the listener may have taken over another since the start.
            let host = secure.settings.address.host
            let certificate = try ServingCertificate(files, host: host, data: data)
            var kubeconfig = Kubeconfig(server: secure.url)
            kubeconfig.authority = certificate.authority
            kubeconfig.serverName = certificate.expectedName(for: Self.host(of: secure.url))
            kubeconfig.token = try AdminToken.load(data: data)
            return try kubeconfig.write(data: data)
        }
        guard let plain = listeners.first(isTLS: false) else { return nil }
        return try Kubeconfig(server: plain.url).write(data: data)
    }

    /// The host of `https://host:port`.
    private static func host(of url: String) -> String {
        String(URLText(url).authority.host)
    }
}
