// Feeds pairs of damaged documents to the patch generator. The patch must give the second document when it is applied to
// the first, stay short, and be readable again.
//
//     FuzzJSONPatch --runs 1000000 [--seed 1]
//
// The seed and the number of the run make a failure repeatable.

import Bytes
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

let corpus = [
    #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"app.kubernetes.io/name":"x"},"annotations":null},"#
        + #""spec":{"containers":[{"name":"a","image":"i:1","ports":[80,443]},{"name":"b","image":"i:2"}],"n":1}}"#,
    #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","labels":{"app.kubernetes.io/name":"y","t":""}},"#
        + #""spec":{"containers":[{"name":"s","image":"p"},{"name":"a","image":"i:9","ports":[443]},{"name":"b"}],"n":1.0}}"#,
    #"{"a/b":1,"~":2,"~1":3,"":4,"é":5,"é":6,"\"":7,"\\":8,"\u0000":9,"-":10,"0":11,"01":12,"l":[[],[{}],[1,[2,[3]]]]}"#,
    #"[9007199254740993,1e400,-0,0.1,123456789012345678901234567890,1E-7,null,true,false,"x",[],{}]"#,
    #"[1,2,3,4,5,6,7,8,9,[1,2],[1,2],{"a":[1]},{"a":[1]}]"#,
].map { Array($0.utf8) }
let pieces = [
    "null", "[]", "{}", "{\"a\":1}", "[1,2]", "\"\"", "\"a\"", "0", "1.0", "1e0", "-", ",", ":", "\\u0301", "~0", "/",
    "9007199254740992", "],[", "},{",
].map { Array($0.utf8) }

func damage(_ bytes: inout [UInt8], _ random: inout Generator) {
    for _ in 0..<random.below(4) {
        let place = random.below(bytes.count + 1)
        switch random.below(5) {
        case 0: bytes.insert(contentsOf: pieces[random.below(pieces.count)], at: place)
        case 1: if place < bytes.count { bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(3))) }
        case 2: if place < bytes.count { bytes[place] ^= 1 << UInt8(random.below(7)) }
        case 3:
            // A digit or a letter becomes another: the text stays JSON.
            if place < bytes.count, (0x30...0x39).contains(bytes[place]) || (0x61...0x7A).contains(bytes[place]) {
                bytes[place] = [0x30, 0x31, 0x37, 0x61, 0x62][random.below(5)]
            }
        default: bytes.insert(contentsOf: bytes[..<place].suffix(random.below(24)), at: place)
        }
    }
}

/// A document that is JSON: what the damage left, or the whole one.
func document(_ random: inout Generator, deep: Bool) -> JSONValue {
    let whole = corpus[random.below(corpus.count)]
    var bytes = whole
    damage(&bytes, &random)
    if deep {
        let levels = random.below(60)
        bytes = Array(String(repeating: "[1,", count: levels).utf8) + bytes + Array(repeating: 0x5D, count: levels)
    }
    return (try? JSONValue.parse(bytes)) ?? (try? JSONValue.parse(whole)) ?? .null
}

let runs = Int(option("--runs", 100_000))
let seed = option("--seed", 1)
var operations = 0
var empty = 0
var failures = 0
for run in 0..<runs {
    var random = Generator(state: seed &+ UInt64(run) &* 0x1_0000_0001)
    let old = document(&random, deep: run % 16 == 0)
    let new = document(&random, deep: run % 16 == 0)
    let patch = JSONPatch(from: old, to: new)
    let text = patch.bytes()
    let read = (try? JSONValue.parse(text)).flatMap { try? JSONPatch($0) }
    let result = try? read?.apply(to: old)
    if result?.isEquivalent(to: new) != true || text.count > new.bytes().count + 5_000
        || patch.isEmpty != old.isEquivalent(to: new)
    {
        failures += 1
        print("run \(run): \(old.text()) to \(new.text()) by \(String(decoding: text, as: UTF8.self))")
    }
    operations += patch.operations.count
    empty += patch.isEmpty ? 1 : 0
}
precondition(failures == 0, "\(failures) patches are wrong")
print("OK \(runs) runs, \(operations) operations, \(empty) without a change")
