import DataPlaneAPI
import SystemKit

/// The token of the kubeconfig: made once, kept in the data folder, readable by its owner alone.
package enum AdminToken {
    /// The file's name in the data folder.
    static let fileName = "admin-token"
    /// The name of the user that holds it.
    static let user = "dataplane-gateway:admin"

    /// The token in the folder; nil when there is none that may be read.
    static func existing(data: String) -> String? {
        FileFacts("\(data)/\(fileName)") == nil ? nil : try? load(data: data)
    }

    /// The token in the folder, or a new one.
    static func load(data: String) throws(GatewayError) -> String {
        let path = "\(data)/\(fileName)"
        guard FileFacts(path) != nil else {
            let token = random()
            try FileWriter.replace(path, token + "\n", mode: 0o600)
            return token
        }
        let token = try FileText.read(path).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard token.utf8.count >= 32, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw GatewayError(
                .internalError, "\(path): is not a token of 32 characters or more; remove the file to have one made")
        }
        return token
    }

    /// Puts another token into the folder and into its kubeconfigs; the old one ends with that.
    ///
    /// A running gateway takes it over within a second or two.
    ///
    /// - Parameter data: the data folder.
    /// - Returns: how many kubeconfigs have the new one.
    /// - Throws: `GatewayError` when the folder is none of a gateway.
    package static func rotate(data: String) throws(GatewayError) -> Int {
        let path = "\(data)/\(fileName)"
        guard FileFacts(path) != nil else {
            throw GatewayError(
                .badRequest,
                "\(data): holds no \(fileName), so it is no gateway's data folder; give --data-dir another one")
        }
        let old = (try? FileText.read(path))?.split(whereSeparator: \.isNewline).first.map(String.init)
        let token = random()
        try FileWriter.replace(path, token + "\n", mode: 0o600)
        guard let old, !old.isEmpty else { return 0 }
        var count = 0
        for file in Kubeconfig.paths(data: data) {
            guard let text = try? FileText.read(file), text.contains(old) else { continue }
            try FileWriter.replace(file, text.replacing(old, with: token), mode: 0o600)
            count += 1
        }
        return count
    }

    /// 256 bits of the system's random numbers as letters, digits, `-` and `_`.
    private static func random() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var generator = SystemRandomNumberGenerator()
        return String(decoding: (0..<43).compactMap { _ in alphabet.randomElement(using: &generator) }, as: UTF8.self)
    }
}
