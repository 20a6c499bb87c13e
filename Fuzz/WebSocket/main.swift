import DataPlaneAPI
import Glibc
import HTTPKit
import NIOCore

// Mutates the bytes of WebSocket clients: nothing ends the process, how the bytes are cut changes nothing about what they
// come to, and what comes out keeps the rules. Deterministic: `--runs N --seed S`.

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
    let hex = bytes.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined()
    print("FAILED: \(what)\ninput: \(hex)")
    exit(1)
}

var generator = Generator(state: UInt64(truncatingIfNeeded: option("--seed", 1)))
let limit = 600

/// A frame that is right but for what the generator says.
@MainActor
func frame(_ isOpen: inout Bool) -> [UInt8] {
    func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }
    let opcodes: [UInt8] = isOpen ? [0, 0, 0, 9, 10] : [1, 1, 1, 2, 2, 9, 10]
    var opcode = opcodes.randomElement(using: &generator) ?? 1
    if chance(20) { opcode = 8 }
    if chance(100) { opcode = UInt8.random(in: 0...15, using: &generator) }
    let length = [0, 1, 2, 5, 30, 100, 125, 126, 300].randomElement(using: &generator) ?? 0
    let pieces: [[UInt8]] = [
        [0x61], Array("é".utf8), Array("€".utf8), Array("\u{1F600}".utf8), [0xC3], [0xED, 0xA0], [0xF4, 0x8F], [0xFF],
    ]
    var payload: [UInt8] = []
    if opcode == 8, !chance(4) {
        let codes: [UInt16] = [1000, 1001, 1005, 1007, 2999, 3000, 4999, 5000]
        let code = codes.randomElement(using: &generator) ?? 0
        payload = [UInt8(code >> 8), UInt8(code & 255)]
    }
    while payload.count < length {
        payload +=
            pieces[chance(2000) ? Int.random(in: 4..<8, using: &generator) : Int.random(in: 0..<4, using: &generator)]
    }
    if opcode >= 8, payload.count > 125, !chance(10) { payload.removeSubrange(125...) }
    let isMasked = !chance(200)
    let mark: UInt8 = isMasked ? 0x80 : 0
    let isFinal = opcode >= 8 || !chance(3)
    if opcode < 8 { isOpen = !isFinal }
    var out: [UInt8] = [(isFinal ? 0x80 : 0) | (chance(200) ? 0x10 : 0) | opcode]
    if payload.count < 126, !chance(50) {
        out.append(mark | UInt8(payload.count))
    } else if !chance(50) {
        out += [mark | 126, UInt8(truncatingIfNeeded: payload.count >> 8), UInt8(truncatingIfNeeded: payload.count)]
    } else {
        out += [mark | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
    }
    guard isMasked else { return out + payload }
    let key = (0..<4).map { _ in UInt8.random(in: 0...255, using: &generator) }
    return out + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
}

@MainActor
func input() -> [UInt8] {
    var bytes: [UInt8] = []
    var isOpen = false
    for _ in 0..<Int.random(in: 1...8, using: &generator) { bytes += frame(&isOpen) }
    for _ in 0..<Int.random(in: 0...2, using: &generator) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...3, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: place)
        case 2: bytes.removeSubrange(place...)
        default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        }
    }
    return bytes
}

@MainActor
func read(_ pieces: [ArraySlice<UInt8>], _ whole: [UInt8]) -> [WebSocketEvent] {
    var reader = WebSocketReader(limit: limit, setting: "fuzz")
    var events: [WebSocketEvent] = []
    for piece in pieces {
        reader.receive(ByteBuffer(bytes: piece))
        while let event = reader.next() {
            if let last = events.last {
                switch last {
                case .close, .violation: fail("an event after the last", whole)
                default: break
                }
            }
            check(event, whole)
            events.append(event)
        }
    }
    return events
}

func check(_ event: WebSocketEvent, _ whole: [UInt8]) {
    switch event {
    case .message(let isText, let bytes):
        if bytes.readableBytes > limit { fail("a message above the limit", whole) }
        if isText, String(validating: bytes.readableBytesView, as: UTF8.self) == nil {
            fail("text is not UTF-8", whole)
        }
    case .ping(let bytes), .pong(let bytes):
        if bytes.readableBytes > 125 { fail("a control frame above its limit", whole) }
    case .close(let code):
        if let code, !code.maySend { fail("a close code that may not be sent", whole) }
    case .violation(let code, let text):
        if !code.maySend || WebSocketWriter.close(code, text).readableBytes > 127 { fail("a bad answer", whole) }
    }
}

var events = 0
let runs = option("--runs", 100_000)
for _ in 0..<max(0, runs) {
    let bytes = input()
    let whole = read([bytes[...]], bytes)
    for _ in 0..<2 {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        if read([bytes[..<place], bytes[place...]], bytes) != whole { fail("a cut at \(place) changes it", bytes) }
    }
    if bytes.count < 300, read(bytes.indices.map { bytes[$0...$0] }, bytes) != whole {
        fail("byte by byte it means something else", bytes)
    }
    events += whole.count
}
print("OK \(runs) runs, \(events) events")
