import Bytes
import DataPlaneAPI
import SystemKit

/// A grafana.ini as Grafana sees it: with the environment's `GF_<SECTION>_<KEY>` on top and values expanded.
final class GrafanaSettings {
    /// What is wrong, with file, line and key; never with a value.
    private(set) var faults: [GatewayError]
    /// Files that values refer to.
    var referencedFiles: [String: FileFacts?] { interpolator.files }
    /// Names of the sections.
    var sectionNames: [String] { ini.sectionNames }

    private let file: String
    private let ini: GrafanaINI
    private let environment: [String: String]
    private let interpolator: Interpolator

    /// - Parameter file: the path; empty for none, then only the environment counts.
    init(file: String, environment: [String: String]) {
        self.file = file
        self.environment = environment
        interpolator = Interpolator(environment: environment, forms: .braces)
        guard !file.isEmpty else {
            (ini, faults) = (GrafanaINI(), [])
            return
        }
        do throws(GatewayError) {
            ini = GrafanaINI(try FileText.read(file), file: file)
            faults = ini.faults
        } catch {
            (ini, faults) = (GrafanaINI(), [error])
            isUnreadable = true
        }
    }

    /// The keys of a section, as written.
    func keys(_ section: String) -> [String] { ini.entries(section).map(\.key) }

    /// The value of a key; nil if neither the file nor the environment has it.
    func text(_ section: String, _ key: String) -> String? {
        guard let (raw, place) = raw(section, key) else { return nil }
        let resolved = resolve(raw, section, depth: 0)
        let expansion = interpolator.expand(resolved)
        for why in expansion.warnings + (expansion.error.map { [$0] } ?? []) { fault(place, why) }
        return expansion.error == nil ? expansion.text : nil
    }

    /// The value of the file and that of the environment, where both are there: for what must hold for either.
    ///
    /// Grafana may run with another environment than the gateway, so neither tells what counts there.
    func texts(_ section: String, _ key: String) -> [String] {
        var all = text(section, key).map { [$0] } ?? []
        if let entry = ini.entry(section, key), raw(section, key)?.value != entry.value {
            let expansion = interpolator.expand(resolve(entry.value, section, depth: 0))
            if expansion.error == nil { all.append(expansion.text) }
        }
        return all
    }

    /// Whether it is known what the file has for a key: it can be read, that section too, and what the value refers to.
    func isKnown(_ section: String, _ key: String) -> Bool {
        guard !isUnreadable, !ini.mayLack(section) else { return false }
        guard let entry = ini.entry(section, key) else { return true }
        let expansion = interpolator.expand(resolve(entry.value, section, depth: 0))
        // A variable that isn't set here may be set where Grafana runs.
        return expansion.error == nil && expansion.warnings.isEmpty
    }

    /// Whether the file couldn't be read at all.
    private(set) var isUnreadable = false

    /// A number that isn't negative, as text; the default if it isn't given or wrong.
    func number(_ section: String, _ key: String, default standard: Int) -> String {
        guard let text = text(section, key), !text.isEmpty else { return String(standard) }
        if let number = Int(text) ?? GoInteger.value(text), number >= 0 { return String(number) }
        if let (_, place) = raw(section, key) {
            fault(place, "must be a whole number of 0 or more; the default \(standard) counts")
        }
        return String(standard)
    }

    /// A boolean; false if it isn't given or wrong.
    func bool(_ section: String, _ key: String) -> Bool {
        guard let text = text(section, key) else { return false }
        if let value = Self.boolean(text) { return value }
        if let (_, place) = raw(section, key) { fault(place, "must be true or false; false counts") }
        return false
    }

    /// The boolean of a text, with the words that Grafana's reader takes; empty is false.
    static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "t", "true", "y", "yes", "on": true
        case "", "0", "f", "false", "n", "no", "off": false
        default: nil
        }
    }

    /// The name of the variable that overrides a key: upper case, dots and dashes as underscores.
    static func variable(_ section: String, _ key: String) -> String {
        String("GF_\(section)_\(key)".uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    }

    private func fault(_ place: String, _ why: String) {
        let error = GatewayError(.badRequest, "\(place): \(why)")
        // A key may be read several times, for several things that are made of it.
        if !faults.contains(where: { $0.message == error.message }) { faults.append(error) }
    }

    private func raw(_ section: String, _ key: String) -> (value: String, place: String)? {
        let name = Self.variable(section, key)
        if let value = environment[name], !value.isEmpty { return (value, "the environment variable \(name)") }
        guard let entry = ini.entry(section, key) else { return nil }
        return (entry.value, "\(file): line \(entry.line): [\(section)] \(key)")
    }

    /// Replaces `%(key)s` by the key of the same section, as the sample file's root_url needs it.
    private func resolve(_ text: String, _ section: String, depth: Int) -> String {
        guard depth < 10, text.contains("%("), let place = Self.reference(text) else { return text }
        let value = raw(section, place.key)?.value ?? Self.serverDefaults[place.key] ?? ""
        return place.before + resolve(value, section, depth: depth + 1)
            + resolve(place.after, section, depth: depth + 1)
    }

    /// The first `%(key)s` of a text and what is around it.
    private static func reference(_ text: String) -> (before: String, key: String, after: String)? {
        let bytes = Array(text.utf8)
        guard let open = bytes.indices.first(where: { bytes[$0...].starts(with: "%(".utf8) }),
            let close = bytes.indices[open...].first(where: { bytes[$0...].starts(with: ")s".utf8) })
        else { return nil }
        func part(_ range: ArraySlice<UInt8>) -> String { String(decoding: range, as: UTF8.self) }
        return (part(bytes[..<open]), part(bytes[(open + 2)..<close]), part(bytes[(close + 2)...]))
    }

    /// Values of `[server]` that others are made of.
    static let serverDefaults = ["protocol": "http", "domain": "localhost", "http_port": "3000"]
}
