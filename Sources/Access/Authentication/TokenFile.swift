import DataPlaneAPI

/// A static token file in Kubernetes' form: lines of `token,user,uid` with an optional quoted list of groups.
package enum TokenFile {
    /// Reads the file's text.
    ///
    /// - Parameter path: the file's name, for errors.
    /// - Throws: `GatewayError` that names file and line, never a token.
    package static func parse(_ text: String, path: String) throws(GatewayError) -> TokenTable {
        var table = TokenTable()
        for (index, line) in lines(text).enumerated() {
            guard !line.allSatisfy({ $0 == " " || $0 == "\t" }) else { continue }
            let place = "\(path):\(index + 1)"
            guard let columns = columns(line) else {
                throw GatewayError(.badRequest, "\(place): a quoted column has no end; write \"group1,group2\"")
            }
            guard columns.count >= 3 else {
                throw GatewayError(
                    .badRequest, "\(place): has \(columns.count) columns; write token,user,uid[,\"groups\"]")
            }
            guard !columns[0].isEmpty else { throw GatewayError(.badRequest, "\(place): the token is empty") }
            guard !columns[1].isEmpty else { throw GatewayError(.badRequest, "\(place): the user name is empty") }
            var groups: [String] = []
            if columns.count > 3 {
                groups = columns[3].split(separator: ",").map { Self.trimmed(String($0)) }.filter { !$0.isEmpty }
            }
            table.add(columns[0], User(name: columns[1], uid: columns[2], groups: groups))
        }
        return table
    }

    /// The lines; `\r\n` is one character to Swift.
    private static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }

    /// The columns of a line (RFC 4180); nil when a quoted one isn't closed.
    private static func columns(_ line: Substring) -> [String]? {
        var columns: [String] = []
        var rest = line
        while true {
            while rest.first == " " { rest.removeFirst() }
            guard rest.first == "\"" else {
                let column = rest.prefix { $0 != "," }
                columns.append(trimmed(String(column)))
                rest = rest.dropFirst(column.count)
                guard rest.first == "," else { return columns }
                rest.removeFirst()
                continue
            }
            rest.removeFirst()
            var column = ""
            while true {
                guard let next = rest.popFirst() else { return nil }
                guard next == "\"" else {
                    column.append(next)
                    continue
                }
                // Two quotes inside a quoted column are one.
                guard rest.first == "\"" else { break }
                column.append(rest.removeFirst())
            }
            columns.append(column)
            rest = rest.drop { $0 == " " }
            guard rest.first == "," else { return rest.isEmpty ? columns : nil }
            rest.removeFirst()
        }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }
}
