import DataPlaneAPI

extension Settings {
    /// What messages call a setting: where it was written and its name, or its name alone for a default.
    func place(_ key: String) -> String { origins[key].map { Self.place(key, $0) } ?? key }

    /// What messages call a setting that was written at a place; a flag has the setting's name already.
    static func place(_ key: String, _ origin: String) -> String {
        origin == "--\(key)" ? origin : "\(origin): \(key)"
    }

    /// Names the setting in front of whatever `body` finds wrong with the file that it names.
    func naming<T>(_ key: String, _ body: () throws(GatewayError) -> T) throws(GatewayError) -> T {
        do { return try body() } catch {
            throw GatewayError(error.code, "\(place(key)): \(error.message)", cause: error.cause)
        }
    }
}

/// Finds the known words that somebody may have meant.
enum Similar {
    /// `did you mean "x"?` where one is near, and a few that are alike.
    static func hint(_ word: String, _ known: [String]) -> String {
        let word = word.lowercased()
        let scored = known.map { name in
            let parts = name.split(separator: "-").map { distance(word, String($0)) + 1 }
            return (name: name, whole: distance(word, name), score: min(distance(word, name), parts.min() ?? 64))
        }.sorted { ($0.score, $0.name) < ($1.score, $1.name) }
        let near = scored.filter { $0.whole <= max(2, word.utf8.count / 4) }.min { $0.whole < $1.whole }
        let alike = scored.map(\.name).filter { $0 != near?.name }.prefix(4).joined(separator: ", ")
        let all = "alike are \(alike); `dataplane-gateway serve --help` lists all"
        return near.map { "did you mean \"\($0.name)\"? (\(all))" } ?? all
    }

    /// How many letters have to be added, removed or replaced.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8.prefix(64)), Array(other.utf8.prefix(64)))
        var row = Array(0...other.count)
        for (index, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in other.indices {
                let replaced = diagonal + (letter == other[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}
