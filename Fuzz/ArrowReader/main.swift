// Feeds damaged Arrow files and damaged query answers to the readers. Every run must end in JSON or in a FrameError.
//
//     ArrowReaderFuzz --runs 1000000 [--seed 1]
//
// The seed and the number of the run make a failure repeatable: the number is printed every 100,000 runs.

import Bytes
import DataFrames
import DataPlaneAPI

func option(_ name: String, _ fallback: UInt64) -> UInt64 {
    let arguments = CommandLine.arguments
    guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return fallback }
    return UInt64(arguments[index + 1]) ?? fallback
}

/// A splitmix generator.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ limit: Int) -> Int { limit <= 0 ? 0 : Int(next() % UInt64(limit)) }
}

func corpus() throws(FrameError) -> [[UInt8]] {
    var config = FieldConfig(displayNameFromDS: "x", unit: "s")
    config.customJSON = #"{"a":[1,{"b":null}]}"#
    var meta = FrameMeta(type: "table")
    meta.notices = [.init(.info, "n")]
    let frames = [
        Frame(
            "wide", refID: "A", meta: meta,
            fields: [
                .times("t", nanoseconds: [1, nil, 3]),
                .numbers("v", [1.5, .nan, nil], labels: ["a": "b"], config: config),
                .strings("s", ["x", nil, "é\u{2028}"]), .booleans("b", [true, nil, false]),
                .json("j", [#"{"a":1}"#, "oops", nil]), .enumeration("e", [0, 1, 0], texts: ["p", "q"]),
            ]),
        Frame(fields: [.numbers("i", [Int8](repeating: 1, count: 100)), .strings("s", (0..<100).map(String.init))]),
        Frame(fields: [.numbers("f", [Float](repeating: 0.1, count: 9)), .numbers("u", [UInt64](0..<9))]),
        Frame("none"),
        Frame(fields: [.numbers("v", [Double]())]),
    ]
    var seeds: [[UInt8]] = []
    for frame in frames { seeds.append(try frame.arrow()) }
    return seeds
}

func damage(_ bytes: inout [UInt8], _ random: inout Generator) {
    for _ in 0...random.below(4) where !bytes.isEmpty {
        let place = random.below(bytes.count)
        switch random.below(7) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes[place] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)]
        case 3:
            let value = [UInt32(0), .max, 0x7fff_ffff, 0x8000_0000, UInt32(bytes.count), 8][random.below(6)]
            for offset in 0..<4 where place + offset < bytes.count {
                bytes[place + offset] = UInt8(truncatingIfNeeded: value >> UInt32(8 * offset))
            }
        case 4: bytes.removeLast(random.below(min(16, bytes.count)))
        case 5: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(8)))
        default:
            // Copy a stretch from elsewhere: offsets that are valid, but not there.
            let source = random.below(bytes.count)
            for offset in 0..<8 where max(source, place) + offset < bytes.count {
                bytes[place + offset] = bytes[source + offset]
            }
        }
    }
}

let runs = Int(option("--runs", 100_000))
let seed = option("--seed", 1)
let files = try corpus()
let answers = [
    QueryDataResponseBytes.write([
        .init(refID: "B", frames: [files[0], files[1]]), .init(refID: "A", error: "no", errorSource: "downstream"),
        .init(refID: "A", frames: [Array(#"{"schema":{"fields":[]},"data":{"values":[]}}"#.utf8)], format: 1),
    ])
]
var readable = 0
var bytesOut = 0
for run in 0..<runs {
    var random = Generator(state: seed &+ UInt64(run) &* 0x1_0000_0001)
    let isAnswer = run % 4 == 3
    var bytes = isAnswer ? answers[random.below(answers.count)] : files[random.below(files.count)]
    damage(&bytes, &random)
    // A copy of exactly this size, so that a sanitizer sees a read past the end.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    copy.copyBytes(from: bytes)
    var out = JSONOutput(indents: run % 2 == 0) { chunk in bytesOut += chunk.count }
    do throws(FrameError) {
        let input = UnsafeRawBufferPointer(copy)
        if isAnswer {
            try QueryResponseWriter(asked: ["A", "C"], missing: .init(message: "missing")).write(input, to: &out)
        } else {
            try ArrowFrame.writeJSON(input, into: &out)
            out.finish()
        }
        readable += 1
    } catch {
        if error.message.isEmpty { print("run \(run): an error without a message") }
    }
    copy.deallocate()
    if (run + 1) % 100_000 == 0 { print("\(run + 1) runs, \(readable) readable, \(bytesOut) bytes of JSON") }
}
print("done: \(runs) runs, \(readable) readable")
