import DataPlaneAPI
import SystemKit
import Yams

/// The `--config` file: a YAML mapping of settings.
package enum ConfigFile {
    /// Applies the file's settings.
    ///
    /// - Throws: the first fault, with file and line; `check` uses `faults` to get them all.
    package static func apply(_ path: String, to settings: inout Settings) throws(GatewayError) {
        let (read, faults) = load(path, settings)
        if let first = faults.first { throw first }
        settings = read
    }

    /// Reads the file and gives every fault in it.
    package static func load(_ path: String, _ base: Settings) -> (Settings, [GatewayError]) {
        var settings = base
        var faults: [GatewayError] = []
        let text: String
        do { text = try FileText.read(path) } catch { return (settings, [error]) }
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            return (settings, [GatewayError(.badRequest, "\(path): not valid YAML: \(error)")])
        }
        guard let node else { return (settings, []) }
        guard case .mapping(let mapping) = node else {
            return (
                settings, [GatewayError(.badRequest, "\(path): must be a mapping of settings, like `http-port: 8080`")]
            )
        }
        for (key, value) in mapping {
            let line = key.mark?.line ?? 0
            let origin = "\(path):\(line)"
            guard let name = key.string else {
                faults.append(GatewayError(.badRequest, "\(origin): a setting's name must be text"))
                continue
            }
            if name == "listeners" {
                do { settings.listeners = try listeners(value, path, origin) } catch { faults.append(error) }
                continue
            }
            var values: [String] = []
            switch value {
            case .scalar(let scalar): values = [scalar.string]
            case .sequence(let items):
                values = items.compactMap { item in if case .scalar(let scalar) = item { scalar.string } else { nil } }
                if values.count != items.count {
                    faults.append(GatewayError(.badRequest, "\(origin): \(name): must be a list of text"))
                    continue
                }
            case .mapping, .alias:
                faults.append(GatewayError(.badRequest, "\(origin): \(name): must be a value or a list of values"))
                continue
            }
            do { try settings.set(name, values, origin: origin) } catch { faults.append(error) }
        }
        return (settings, faults)
    }
}
