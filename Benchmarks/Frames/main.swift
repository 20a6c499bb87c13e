// Measures the way from the bytes of a QueryDataResponse to the JSON of the HTTP answer, everything included.
//
//     FramesBenchmark [rows] [rounds]
//
// Prints the best round: nanoseconds per row (one time and one float64) and megabytes of JSON per second.

import Bytes
import DataFrames
import DataPlaneAPI
import Glibc

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let rows = arguments.first ?? 100_000
let rounds = arguments.dropFirst().first ?? 30

/// A xorshift generator: the same columns in every run, and the same as in frames_orjson.py.
struct Generator: RandomNumberGenerator {
    var state: UInt64 = 88_172_645_463_325_252

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func measure(_ name: String, _ message: [UInt8]) throws(FrameError) {
    var best = Int64.max
    var total = 0
    for _ in 0..<rounds {
        var size = 0
        let start = now()
        let result: Result<Void, FrameError> = message.withUnsafeBytes { bytes in
            var out = JSONOutput { chunk in size += chunk.count }
            do throws(FrameError) {
                return .success(try QueryResponseWriter().write(bytes, to: &out))
            } catch {
                return .failure(error)
            }
        }
        best = min(best, now() - start)
        try result.get()
        total = size
    }
    let perRow = Double(best) / Double(rows)
    let rate = Double(total) * 1000 / Double(best)
    print("\(name): \((perRow * 10).rounded() / 10) ns per row, \(Int(rate)) MB/s, \(total) bytes")
}

func message(_ field: Field) throws(FrameError) -> [UInt8] {
    let times = (0..<rows).map { 1_700_000_000_000_000_000 + Int64($0) * 15_000_000_000 }
    let frame = Frame("series", refID: "A", fields: [.times("time", nanoseconds: times), field])
    return QueryDataResponseBytes.write([.init(refID: "A", frames: [try frame.arrow()])])
}

var random = Generator()
let doubles = (0..<rows).map { _ in Double(random.next() >> 11) * 0x1p-53 * 100 }
let decimals = (0..<rows).map { _ in Double(random.next() % 1_000_000) / 100 }
let wholes = (0..<rows).map { _ in Double(random.next() % 1_000_000) }
let words = (0..<rows).map { "host-\($0 % 997).example.org" }

try measure("time + random doubles ", message(.numbers("value", doubles)))
try measure("time + short decimals ", message(.numbers("value", decimals)))
try measure("time + whole numbers  ", message(.numbers("value", wholes)))
try measure("time + nullable double", message(.numbers("value", doubles.map { $0 < 10 ? nil : $0 })))
try measure("time + strings        ", message(.strings("value", words)))
