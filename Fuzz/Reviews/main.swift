// Feeds damaged admission and conversion reviews to their readers and lets a hostile plugin answer. Every run must end in
// an error, or in a response that is JSON and has the uid of the request.
//
//     FuzzReviews --runs 1000000 [--seed 1]
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

let admissions = [
    #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u-1","kind":{"group":"g","version":"v1","#
        + #""kind":"K"},"resource":{"group":"g","version":"v1","resource":"ks"},"name":"n","namespace":"s","operation":"UPDATE","#
        + #""userInfo":{"username":"a","groups":["x"],"extra":{"k":["v"]}},"object":{"a":[1,2,{"b":null}],"c":"é"},"#
        + #""oldObject":{"a":[]},"dryRun":true,"options":{"kind":"UpdateOptions"}}}"#,
    #"{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview","request":{"uid":"\u0061\"","operation":"DELETE","#
        + #""kind":{"kind":"K"},"object":null,"oldObject":{"x":9007199254740993}}}"#,
].map { Array($0.utf8) }
let conversions = [
    #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"u-2","desiredAPIVersion":"g/v2","#
        + #""objects":[{"apiVersion":"g/v1","kind":"K","metadata":{"name":"a","uid":"1"}},{"apiVersion":"g/v1","kind":"K","#
        + #""metadata":{"name":"b","namespace":"n"},"spec":[1.0]}]}}"#
].map { Array($0.utf8) }
let objects = [
    #"{"a":[2,{"b":1}],"c":"é","d":9007199254740993}"#, "{}", "[]", "",
    #"{"apiVersion":"g/v2","kind":"K","metadata":{"name":"a","uid":"1"}}"#,
    #"{"apiVersion":"g/v2","kind":"K","metadata":{"name":"b","namespace":"n"},"x":1}"#,
].map { Array($0.utf8) }
let pieces = [
    "null", "{}", "[]", "\"", "\\", "\\ud800", "{\"uid\":", ",\"uid\":\"x\"", "\"object\":", "\"CONNECT\"", "\u{0}",
    "1e999", "[[[[",
    "}}}}", "-", ",", ":",
].map { Array($0.utf8) }

func damaged(_ bytes: [UInt8], _ random: inout Generator) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<random.below(4) {
        let place = random.below(bytes.count + 1)
        switch random.below(6) {
        case 0: bytes.insert(contentsOf: pieces[random.below(pieces.count)], at: place)
        case 1: bytes.removeSubrange(min(place, bytes.count)..<min(bytes.count, place + 1 + random.below(6)))
        case 2: if place < bytes.count { bytes[place] ^= 1 << UInt8(random.below(8)) }
        case 3: bytes.removeSubrange(place...)
        case 4: bytes.insert(contentsOf: bytes[..<place].suffix(random.below(40)), at: place)
        default:
            let levels = 1 << random.below(10)
            bytes.insert(contentsOf: [UInt8](repeating: [0x5B, 0x7B, 0x20][random.below(3)], count: levels), at: place)
        }
    }
    return bytes
}

let runs = Int(option("--runs", 100_000))
let seed = option("--seed", 1)
var readable = 0
var patched = 0
var converted = 0
var failures = 0

@MainActor func check(_ response: [UInt8], _ uid: String, _ run: Int) -> JSONValue? {
    let answer = (try? JSONValue.parse(response, JSONOptions(duplicates: .lastWins)))?["response"]
    if answer?["uid"] != .string(uid) {
        failures += 1
        print("run \(run): \(String(decoding: response, as: UTF8.self))")
    }
    return answer
}

for run in 0..<runs {
    var random = Generator(state: seed &+ UInt64(run) &* 0x1_0000_0001)
    let result = ReviewResult(
        status: ["", "Success", "Failure"][random.below(3)], message: "\"<\u{2028}", code: random.below(3) - 1)
    if run % 3 == 2 {
        let body = damaged(conversions[random.below(conversions.count)], &random)
        guard let review = try? ConversionReview(body) else { continue }
        readable += 1
        let answers = (0..<(random.below(4) == 0 ? random.below(4) : review.objects.count)).map { index in
            let whole = objects[random.below(3) > 0 ? 4 + min(index, 1) : random.below(objects.count)]
            return ArraySlice(random.below(2) == 0 ? whole : damaged(whole, &random))
        }
        let response = review.response(converted: answers, result: random.below(4) == 0 ? result : nil)
        let answer = check(response, review.uid, run)
        if let list = answer?["convertedObjects"]?.asArray {
            converted += 1
            if list.count != review.objects.count { failures += 1 }
        }
        continue
    }
    let body = damaged(admissions[random.below(admissions.count)], &random)
    guard let review = try? AdmissionReview(body) else { continue }
    readable += 1
    let object = damaged(objects[random.below(objects.count)], &random)
    let answer = AdmissionAnswer(
        allowed: random.below(4) > 0, result: random.below(2) == 0 ? result : nil, warnings: ["\u{0}\""],
        object: ArraySlice(object))
    _ = check(review.validationResponse(answer), review.request.uid, run)
    guard let response = try? review.mutationResponse(answer) else { continue }
    guard let text = check(response, review.request.uid, run)?["patch"]?.asString else { continue }
    patched += 1
    let options = JSONOptions(duplicates: .lastWins)
    let patch = Base64.decode(text).flatMap { try? JSONValue.parse($0) }.flatMap { try? JSONPatch($0) }
    let before = review.request.object.flatMap { try? JSONValue.parse(Array($0), options) } ?? .null
    let after = (try? JSONValue.parse(object, options)) ?? .null
    if (try? patch?.apply(to: before))?.isEquivalent(to: after) != true {
        failures += 1
        print("run \(run): \(text) doesn't give the plugin's object")
    }
}
precondition(failures == 0, "\(failures) responses are wrong")
print("OK \(runs) runs, \(readable) readable, \(patched) patched, \(converted) converted")
