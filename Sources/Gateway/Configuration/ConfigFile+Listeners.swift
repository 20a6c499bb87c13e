import DataPlaneAPI
import HTTPKit
import Yams

extension ConfigFile {
    /// Reads the value of `listeners`: a list of mappings of `name`, `address`, `purpose` and `tls`.
    ///
    /// - Parameter place: the file and the line of the setting.
    static func listeners(_ value: Node, _ file: String, _ place: String) throws(GatewayError) -> [ListenerSettings] {
        guard case .sequence(let items) = value else {
            throw GatewayError(
                .badRequest, "\(place): listeners: must be a list, like `- {address: 127.0.0.1:8443, tls: {}}`")
        }
        var listeners: [ListenerSettings] = []
        for (index, item) in items.enumerated() {
            let origin = item.mark.map { "\(file):\($0.line)" } ?? place
            let listener = try listener(item, "\(origin): listeners[\(index)]", index)
            guard !listeners.contains(where: { $0.name == listener.name }) else {
                throw GatewayError(
                    .badRequest, "\(origin): listeners[\(index)].name: \"\(listener.name)\" is there twice")
            }
            listeners.append(listener)
        }
        return listeners
    }

    private static func listener(_ node: Node, _ origin: String, _ index: Int) throws(GatewayError) -> ListenerSettings
    {
        let fields = try fields(node, origin, ["name", "address", "purpose", "tls"])
        guard let address = fields["address"]?.string else {
            throw GatewayError(.badRequest, "\(origin).address: must be HOST:PORT")
        }
        let reader = SettingReader(key: "address", value: address, origin: origin)
        var listener = ListenerSettings(
            name: fields["name"]?.string ?? "listener-\(index)", address: try reader.address(), isListed: true,
            origin: String(origin.split(separator: " ").first?.dropLast() ?? ""))
        if let text = fields["purpose"]?.string {
            guard let purpose = ListenerSettings.Purpose(rawValue: text) else {
                throw GatewayError(.badRequest, "\(origin).purpose: must be data or admin (got \"\(text)\")")
            }
            listener.purpose = purpose
        }
        guard let tls = fields["tls"] else { return listener }
        let files = try Self.fields(tls, "\(origin).tls", ["certFile", "keyFile"])
        listener.tls = ListenerSettings.TLS(
            certFile: files["certFile"]?.string ?? "", keyFile: files["keyFile"]?.string ?? "")
        return listener
    }

    private static func fields(_ node: Node, _ origin: String, _ known: [String]) throws(GatewayError) -> [String: Node]
    {
        guard case .mapping(let mapping) = node else {
            throw GatewayError(.badRequest, "\(origin): must be a mapping of \(known.joined(separator: ", "))")
        }
        var fields: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.string, known.contains(name) else {
                throw GatewayError(
                    .badRequest,
                    "\(origin): unknown field \"\(key.string ?? "")\"; known are \(known.joined(separator: ", "))")
            }
            fields[name] = value
        }
        return fields
    }
}
