import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginProtocol

/// One stream on its home loop: carries out what `FeedState` says, and hands each message to the loops that listen.
final class StreamFeed {
    /// What comes in, one after the other even while a worker has one of them.
    private enum Input {
        case packet(run: Int, GRPCMessage)
        case published(ByteBuffer)
        case finished(run: Int, GRPCError?)
    }

    /// The listeners of one loop.
    private struct Audience {
        var formats: [StreamFormat: Int] = [:]
        var count: Int { formats.values.reduce(0, +) }
    }

    /// Unique in the process.
    let id: UInt64
    let key: StreamKey
    private let bridge: StreamBridge
    /// Tells this life of the stream from others, in the ids that clients come again with.
    private let epoch: String
    private var context: [UInt8]
    private var state: FeedState
    private var ring: ReplayRing
    private var window = FanOutWindow()
    private var newestFull: StreamMessage?
    private var number: UInt64 = 0
    private var total: UInt64 = 0
    private var audiences: [Int: Audience] = [:]
    private var call: GRPCCall?
    private var instance: PluginInstance?
    private var inputs: CircularBuffer<Input> = []
    private var isBusy = false
    /// Why the stream has ended.
    private var failure: GatewayError?
    /// Whether the next message is asked for once the window opens.
    private var mustRead = false

    init(id: UInt64, key: StreamKey, context: [UInt8], bridge: StreamBridge) {
        self.id = id
        self.key = key
        self.context = context
        self.bridge = bridge
        epoch = String(UInt32.random(in: .min ... .max), radix: 16)
        let settings = bridge.settings
        state = FeedState(lingerMS: settings.lingerMS, outageMS: settings.outageMS)
        ring = ReplayRing(messages: settings.replayMessages, bytes: settings.replayBytes)
    }

    // MARK: Listeners

    /// A listener joins; gives what it gets first, or why the stream has ended at once.
    func join(loop: Int, _ format: StreamFormat, lastEventID: String?) -> Result<StreamWelcome, GatewayError> {
        audiences[loop, default: Audience()].formats[format, default: 0] += 1
        window.add(loop: loop)
        var welcome = StreamWelcome(feed: id, lastID: eventID(number), full: newestFull?.withoutID())
        if let seen = lastEventID.flatMap(seenNumber) {
            let (messages, missed) = ring.after(seen, last: number)
            welcome.isResumed = true
            welcome.missed = missed
            welcome.messages = messages
            // Without its schema what is left would mean nothing.
            if missed == 0 || (newestFull?.number ?? 0) >= messages.first?.number ?? 0 { welcome.full = nil }
        }
        perform(state.joined(now: bridge.now))
        return state.isOver ? .failure(failure ?? StreamBridge.stopping) : .success(welcome)
    }

    func leave(loop: Int, _ format: StreamFormat) {
        guard var audience = audiences[loop], let count = audience.formats[format] else { return }
        audience.formats[format] = count > 1 ? count - 1 : nil
        audiences[loop] = audience.formats.isEmpty ? nil : audience
        if audience.formats.isEmpty {
            window.remove(loop: loop)
            readOn()
        }
        perform(state.left())
    }

    private func eventID(_ number: UInt64) -> String { "\(epoch)-\(number)" }

    private func seenNumber(_ id: String) -> UInt64? {
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == epoch, let seen = UInt64(parts[1]), seen <= number else { return nil }
        return seen
    }

    // MARK: Events from outside

    func pluginChanged() {
        switch bridge.plugins.state(key.pluginID) {
        case .ready(let ready): perform(state.pluginIsReady(isSame: ready === instance, now: bridge.now))
        case .down(.missing, let error): perform(state.pluginIsMissing(error))
        case .down: break
        }
    }

    func use(context: [UInt8]) {
        guard context != self.context else { return }
        self.context = context
        perform(state.settingsChanged(now: bridge.now))
    }

    func stop(_ ending: StreamEnding) { perform(state.stop(ending)) }

    /// Passes on what a client published and the plugin let pass.
    func publish(_ json: ByteBuffer) {
        guard !state.isOver, inputs.count < 1024 else { return }
        take(.published(json))
    }

    /// A loop has handed on everything up to a message.
    func report(loop: Int, number: UInt64, total: UInt64) {
        window.report(loop: loop, number: number, total: total)
        readOn()
    }

    // MARK: Actions

    private func perform(_ actions: [FeedState.Action]) {
        for action in actions {
            switch action {
            case .run(let run): start(run)
            case .cancel:
                call?.cancel()
                call = nil
                mustRead = false
            case .wake(let delay, let token): wake(after: delay, token)
            case .end(let ending):
                inputs.removeAll()
                if case .failed(let error) = ending { failure = error }
                let feed = id
                for loop in audiences.keys { bridge.run(on: loop) { $0.end(feed, ending) } }
                audiences = [:]
                bridge.forget(self)
            case .forget:
                inputs.removeAll()
                bridge.forget(self)
            }
        }
    }

    private func wake(after delay: Int, _ token: Int) {
        let bound = NIOLoopBound(self, eventLoop: bridge.loop)
        bridge.loop.scheduleTask(in: .milliseconds(Int64(delay))) { bound.value.fired(token) }
    }

    private func fired(_ token: Int) {
        let seconds = bridge.settings.outageMS / 1000
        let id = key.pluginID
        perform(
            state.fired(
                token: token,
                GatewayError(
                    .serviceUnavailable, "plugin \(id) did not come back within \(seconds) s", source: .plugin,
                    retryAfterSeconds: 5), now: bridge.now))
    }

    private func start(_ run: Int) {
        mustRead = false
        switch bridge.plugins.state(key.pluginID) {
        case .down(let phase, let error):
            perform(state.refused(run: run, error, isMissing: phase == .missing))
        case .ready(let ready):
            instance = ready
            do {
                let call = try ready.channel.serverStreaming(
                    .runStream, PluginRequest.stream(context: context, path: key.path, data: key.data),
                    on: bridge.plugins.completions
                ) { [weak self] event in
                    switch event {
                    case .message(let message): self?.take(.packet(run: run, message))
                    case .finished(let error): self?.take(.finished(run: run, error))
                    }
                }
                self.call = call
                if window.isOpen { call.read() } else { mustRead = true }
            } catch {
                take(.finished(run: run, error))
            }
        }
    }

    private func readOn() {
        guard mustRead, window.isOpen, let call else { return }
        mustRead = false
        call.read()
    }

    // MARK: Messages

    private func take(_ input: Input) {
        inputs.append(input)
        work()
    }

    private func work() {
        while !isBusy, let input = inputs.popFirst() {
            switch input {
            case .packet(let run, let message): packet(run, message)
            case .published(let json): publishNow(json)
            case .finished(let run, let error):
                guard state.isCurrent(run: run) else { continue }
                call = nil
                perform(
                    state.finished(
                        run: run, error, pluginID: key.pluginID, now: bridge.now, random: .random(in: 0...1)))
            }
        }
    }

    private func publishNow(_ json: ByteBuffer) {
        guard let packet = try? json.withUnsafeReadableBytes({ try StreamPacket($0) }) else { return }
        send(packet)
    }

    private func packet(_ run: Int, _ message: GRPCMessage) {
        guard state.isCurrent(run: run) else { return }
        let limit = bridge.settings.packetLimit
        guard message.count <= limit else {
            return packetRead(
                run,
                .failure(
                    GatewayError(
                        .badGateway,
                        "plugin \(key.pluginID) sent a packet of \(message.count) bytes, limit is \(limit) "
                            + "(setting stream-packet-limit)", source: .plugin)))
        }
        let pluginID = key.pluginID
        guard message.count > bridge.settings.inlineLimit else {
            return packetRead(run, Self.read(message, pluginID))
        }
        isBusy = true
        let bound = NIOLoopBound(self, eventLoop: bridge.loop)
        let loop = bridge.loop
        bridge.workers.submit { _ in
            let result = Self.read(message, pluginID)
            loop.execute {
                bound.value.isBusy = false
                bound.value.packetRead(run, result)
                bound.value.work()
            }
        }
    }

    private static func read(_ message: GRPCMessage, _ pluginID: String) -> Result<StreamPacket, GatewayError> {
        func broken(_ what: String) -> Result<StreamPacket, GatewayError> {
            .failure(
                GatewayError(.badGateway, "plugin \(pluginID) sent a packet that is no JSON: \(what)", source: .plugin))
        }
        return message.withBytes { bytes in
            do throws(WireError) {
                let range = try StreamPacketFields.data(bytes)
                do throws(JSONError) {
                    return .success(try StreamPacket(bytes.slice(range)))
                } catch {
                    return broken(error.description)
                }
            } catch {
                return broken(error.description)
            }
        }
    }

    private func packetRead(_ run: Int, _ result: Result<StreamPacket, GatewayError>) {
        guard state.isCurrent(run: run) else { return }
        switch result {
        case .success(let packet):
            send(packet)
            mustRead = true
            readOn()
        case .failure(let error):
            perform(state.broken(run: run, error))
        }
    }

    private func send(_ packet: StreamPacket) {
        number += 1
        total &+= UInt64(packet.json.readableBytes)
        var formats: Set<StreamFormat> = []
        for audience in audiences.values { formats.formUnion(audience.formats.keys) }
        let message = StreamMessage(
            packet.json, number: number, id: eventID(number), isFull: packet.isFull, total: total, formats: formats)
        ring.append(message)
        if message.isFull { newestFull = message }
        window.send(number: number, total: total)
        // The loop that runs the stream is done with a message at once.
        window.report(loop: bridge.index, number: number, total: total)
        let feed = id
        for loop in audiences.keys { bridge.run(on: loop) { $0.deliver(feed, message) } }
    }
}

/// What a listener gets when it has joined a stream.
struct StreamWelcome: Sendable {
    /// The stream.
    let feed: UInt64
    /// The id of the newest message; a client that comes again with it misses nothing.
    let lastID: String
    /// The newest message with a schema, for a client that has none.
    var full: StreamMessage?
    /// Whether the client goes on where it was.
    var isResumed = false
    /// How many messages it has missed for good.
    var missed: UInt64 = 0
    /// Those it has missed that are still there.
    var messages: [StreamMessage] = []
}
