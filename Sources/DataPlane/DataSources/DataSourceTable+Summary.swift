import PluginProtocol

extension DataSourceTable {
    /// The most data sources that a summary names.
    private static let mostNamed = 20

    /// One line on what is provisioned, for the log; nil when nothing is.
    ///
    /// It names every uid that was made from a name, since nobody can know it otherwise.
    package var summary: String? {
        guard !all.isEmpty || !apps.isEmpty else { return nil }
        let line = "provisioned: \(Self.count(all.count, "data source")), \(Self.count(apps.count, "app"))"
        let made = all.filter(\.uidGenerated).sorted {
            ($0.orgID, $0.settings.name) < ($1.orgID, $1.settings.name)
        }
        guard !made.isEmpty else { return line }
        let named = made.prefix(Self.mostNamed).map { source in
            let organisation = source.orgID == 1 ? "" : " (organisation \(source.orgID))"
            return "\"\(source.settings.name)\" has \(source.uid)\(organisation)"
        }
        let more = made.count > named.count ? ", and \(made.count - named.count) more" : ""
        return "\(line); without a uid of their own: \(named.joined(separator: ", "))\(more)"
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
