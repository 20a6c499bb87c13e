import Bytes
import DataPlaneAPI

extension TLSClientSettings {
    /// What a data source says about TLS with its server, by the names that Grafana's forms use.
    ///
    /// - Throws: 400 that names the secret which is missing.
    package init(jsonData json: JSONValue, secrets: [String: String]) throws(GatewayError) {
        self.init()
        func pem(_ key: String) throws(GatewayError) -> [UInt8] {
            guard let text = secrets[key], !text.isEmpty else {
                throw GatewayError(
                    .badRequest, "Unable to load TLS certificate: secureJsonData.\(key) is missing", source: .gateway)
            }
            return Array(text.utf8)
        }
        verifies = json["tlsSkipVerify"]?.asBool != true
        serverName = json["serverName"]?.asString ?? ""
        if json["tlsAuthWithCACert"]?.asBool == true { authorities = try pem("tlsCACert") }
        if json["tlsAuth"]?.asBool == true {
            certificateChain = try pem("tlsClientCert")
            privateKey = try pem("tlsClientKey")
        }
    }
}
