import DataPlaneAPI
import Glibc
import HTTPKit

// Mutates HTTP messages, paths and query bodies: nothing ends the process, and how a stream of bytes is cut changes
// nothing about what it means. Deterministic: `--runs N --seed S`.

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

func fail(_ what: String, _ bytes: [UInt8]) -> Never {
    print(
        "FAILED: \(what)\ninput: \(bytes.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined())"
    )
    exit(1)
}

var generator = Generator(state: UInt64(truncatingIfNeeded: option("--seed", 1)))

@MainActor
func mutated(_ corpus: [[UInt8]]) -> [UInt8] {
    var bytes = corpus.randomElement(using: &generator) ?? []
    for _ in 0..<Int.random(in: 0...5, using: &generator) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        switch Int.random(in: 0...5, using: &generator) {
        case 0: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 1: if place < bytes.count { bytes.remove(at: place) }
        case 2: bytes.insert(contentsOf: Corpus.pieces.randomElement(using: &generator) ?? [], at: place)
        case 3: bytes.removeSubrange(place...)
        case 4:
            let other = corpus.randomElement(using: &generator) ?? []
            bytes.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...other.count, using: &generator)))
        default:
            let piece = Corpus.pieces.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...100, using: &generator) { bytes.insert(contentsOf: piece, at: place) }
        }
    }
    return bytes
}

/// The same bytes, cut anywhere, mean the same.
@MainActor
func checkCuts(_ bytes: [UInt8], _ read: ([ArraySlice<UInt8>]) -> Outcome) -> Outcome {
    let whole = read([bytes[...]])
    for _ in 0..<4 {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        if read([bytes[..<place], bytes[place...]]) != whole { fail("a cut at \(place) changes the meaning", bytes) }
    }
    if bytes.count < 400, read(bytes.indices.map { bytes[$0...$0] }) != whole {
        fail("byte by byte it means something else", bytes)
    }
    return whole
}

/// What a plain server makes of a path: escapes decoded once, dots resolved, slashes collapsed before that or after.
func naive(_ path: [UInt8], collapsesFirst: Bool) -> [[UInt8]] {
    var decoded: [UInt8] = []
    var index = 0
    while index < path.count {
        if path[index] == 0x25, index + 2 < path.count,
            let value = UInt8(String(decoding: path[(index + 1)...(index + 2)], as: UTF8.self), radix: 16),
            path[index + 1] != 0x2B
        {
            decoded.append(value)
            index += 3
        } else {
            decoded.append(path[index])
            index += 1
        }
    }
    var segments: [[UInt8]] = []
    for segment in decoded.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: collapsesFirst)
    where segment != [0x2E] {
        if segment == [0x2E, 0x2E] { _ = segments.popLast() } else { segments.append(Array(segment)) }
    }
    return segments.filter { !$0.isEmpty }
}

let owned = OwnedPrefixes(below: ["/apis", "/openapi/v2", "/openapi/v3"], exactly: ["/api", "/api/v1", "/version"])
let apis = Array("apis".utf8)
var taken = 0
let runs = option("--runs", 100_000)
for _ in 0..<max(0, runs) {
    if case .message = checkCuts(mutated(Corpus.requests), Messages.request) { taken += 1 }
    if case .message = checkCuts(mutated(Corpus.answers), Messages.answer) { taken += 1 }

    let raw = mutated(Corpus.paths)
    let path = CanonicalPath(raw)
    let passes = !owned.contains(path) && !owned.isEscapedTo(by: path)
    if passes, raw.first == 0x2F, [true, false].contains(where: { naive(raw, collapsesFirst: $0).first == apis }) {
        fail("a path below /apis passes as another", raw)
    }
    for index in 0...path.count { _ = (path.text(index), path.rawSuffix(from: index), path.isEmpty(index)) }

    let body = mutated(Corpus.queries)
    if let parsed = try? QueryRequest.parse(body, pathUID: "u", acceptedTypes: ["t"], now: 1_763_114_100_000) {
        taken += 1
        if parsed.queries.isEmpty { fail("queries were taken although there are none", body) }
    }
}
print("OK \(runs) runs, \(taken) inputs accepted")
