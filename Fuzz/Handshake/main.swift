import PluginProtocol

// Mutates handshake lines and log lines: nothing a plugin prints may end the host. Deterministic: `--runs N --seed S`.

struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

func option(_ name: String, _ standard: Int) -> Int {
    guard let index = CommandLine.arguments.firstIndex(of: name), index + 1 < CommandLine.arguments.count else {
        return standard
    }
    return Int(CommandLine.arguments[index + 1]) ?? standard
}

let corpus = [
    "1|2|unix|/tmp/plugin2406532127|grpc|", "1|2|tcp|127.0.0.1:45123|grpc", "1|2|tcp|:1234|grpc",
    "1|2|unix|/tmp/p|grpc||true", "1|2|tcp|[::1]:80|grpc|", "1|2|tcp|127.0.0.1:1234", "\t1|2|unix|/x|grpc\r\n",
    #"{"@level":"info","@message":"a\u00e9\ud83d\ude00","@timestamp":"2026-08-20T10:11:12.123456Z","n":[1,{"a":null}]}"#,
    "[WARN] slow", "panic: runtime error", "fatal error: all goroutines are asleep",
].map { Array($0.utf8) }
let pieces = ["|", "\"", "\\u", "\\ud800", "{", "[", "}", "\u{0}", "::", "unix", "99999999999999999999", "-1", "\r\n"]
    .map { Array($0.utf8) }

var generator = Generator(state: UInt64(truncatingIfNeeded: option("--seed", 1)))
var accepted = 0
var parser = PluginLogParser()
let runs = option("--runs", 100_000)
for _ in 0..<max(0, runs) {
    var line = corpus.randomElement(using: &generator) ?? []
    for _ in 0..<Int.random(in: 0...6, using: &generator) {
        let place = Int.random(in: 0...line.count, using: &generator)
        switch Int.random(in: 0...4, using: &generator) {
        case 0: line.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 1: if place < line.count { line.remove(at: place) }
        case 2: line.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
        case 3: line.removeSubrange(place...)
        default:
            let piece = pieces.randomElement(using: &generator) ?? []
            for _ in 0..<200 { line.insert(contentsOf: piece, at: place) }
        }
    }
    if (try? Handshake.parse(line)) != nil { accepted += 1 }
    _ = parser.parse(line)
    line.withUnsafeBytes { bytes in
        _ = try? DataResponseFields.scan(bytes)
        _ = try? CallResourceFields(bytes)
        _ = StatusDetails.errorSource(bytes)
    }
}
print("OK \(runs) runs, \(accepted) handshakes accepted")
