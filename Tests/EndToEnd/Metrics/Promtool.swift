import Foundation

/// Prometheus' own judge of the text format.
enum Promtool {
    /// What it has to say against a text; empty for nothing, nil where it isn't installed.
    static func faults(_ text: String) throws -> String? {
        guard let promtool = Programs.installed("promtool") else {
            print("skipped: promtool is not installed")
            return nil
        }
        let folder = try TemporaryFolder()
        let file = try folder.write("metrics.txt", text)
        let check = try ChildProcess("/bin/sh", ["-c", "exec '\(promtool)' check metrics < '\(file)' 2>&1"])
        guard check.waitForExit() else { throw Trouble("promtool does not end") }
        let output = check.stdout.tail()
        return check.exitStatus == 0 ? output : "exit \(check.exitStatus): \(output)"
    }

    /// The value of a sample by its name and labels as written; nil when there is none.
    static func value(_ text: String, _ sample: String) -> Double? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(sample) ") }
        return line?.split(separator: " ").last.flatMap { Double($0) }
    }
}
