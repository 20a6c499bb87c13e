import PluginKit
import RPC
import Synchronization

/// A plugin whose streams do what the test tells them.
struct StagePlugin: StreamHandler {
    let stage: PluginStage

    init() { self.init(PluginStage()) }
    init(_ stage: PluginStage) { self.stage = stage }

    func subscribeStream(_ request: StreamRequest) async throws -> StreamResult {
        stage.note(.subscribed(request))
        switch request.path {
        case "missing": return StreamResult(status: .notFound)
        case "secret": return StreamResult(status: .permissionDenied)
        case "broken": return StreamResult(status: .ok, data: Array("{".utf8))
        case "fails": throw PluginError("no luck")
        case "bare": return StreamResult(status: .ok)
        default: return StreamResult(status: .ok, data: Array(#"{"hello":1}"#.utf8))
        }
    }

    func runStream(_ request: StreamRequest, _ packets: PacketSender) async throws {
        let (commands, feed) = AsyncStream.makeStream(of: PluginStage.Command.self)
        let run = stage.begin(request, feed)
        defer { stage.end(run) }
        for await command in commands {
            switch command {
            case .send(let json): try await packets.send(json: Array(json.utf8))
            case .finish: return
            case .fail(let error): throw error
            }
        }
        throw CancellationError()
    }

    func publishStream(_ request: StreamRequest) async throws -> StreamResult {
        switch request.path {
        case "missing": StreamResult(status: .notFound)
        case "secret": StreamResult(status: .permissionDenied)
        case "silent": StreamResult(status: .ok)
        default:
            StreamResult(status: .ok, data: Array(#"{"from":"plugin","was":"#.utf8) + request.data + Array("}".utf8))
        }
    }
}

/// What the plugin was asked, and what it shall do.
final class PluginStage: Sendable {
    enum Command: Sendable {
        case send(String)
        case finish
        case fail(GRPCError)
    }

    enum Event: Sendable {
        case subscribed(StreamRequest)
        case began(StreamRequest)
        case ended
    }

    private struct State {
        var events: [Event] = []
        var runs: [Int: AsyncStream<Command>.Continuation] = [:]
        var number = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func note(_ event: Event) {
        let waiting = state.withLock { state in
            state.events.append(event)
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func begin(_ request: StreamRequest, _ feed: AsyncStream<Command>.Continuation) -> Int {
        let number = state.withLock { state in
            state.number += 1
            state.runs[state.number] = feed
            return state.number
        }
        note(.began(request))
        return number
    }

    func end(_ run: Int) {
        state.withLock { $0.runs[run] = nil }
        note(.ended)
    }

    /// Tells every stream that runs.
    func tell(_ command: Command) {
        for feed in state.withLock({ Array($0.runs.values) }) { feed.yield(command) }
    }

    func send(_ json: String) { tell(.send(json)) }

    var events: [Event] { state.withLock { $0.events } }
    var subscriptions: [StreamRequest] {
        events.compactMap { if case .subscribed(let request) = $0 { request } else { nil } }
    }
    var runs: [StreamRequest] { events.compactMap { if case .began(let request) = $0 { request } else { nil } } }
    var ends: Int { events.count { if case .ended = $0 { true } else { false } } }

    /// Waits until a condition holds, looking whenever something has happened.
    func wait(until condition: @Sendable (PluginStage) -> Bool) async {
        while true {
            let seen = state.withLock { $0.events.count }
            if condition(self) { return }
            await withCheckedContinuation { continuation in
                let isNew = state.withLock { state in
                    guard state.events.count == seen else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isNew { continuation.resume() }
            }
        }
    }
}
