import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginProtocol
import RPC

/// One stream on its home loop: carries out what `FeedState` says, and hands each message to the loops that listen.
final class StreamFeed {
    /// What comes in, one after the other even while a worker has one of them.
    private enum Input {
        case packet(run: Int, GRPCMessage)
        case published(StreamPacket)
        case finished(run: Int, GRPCError?)
    }

    /// Unique in the process.
    let id: UInt64
    let key: StreamKey
    private let bridge: StreamBridge
    /// With the user of the first listener: whom the plugin takes to have asked.
    private var context: ContextBytes
    private var state: FeedState
    private var journal: StreamJournal
    private var audience = StreamAudience()
    private var window = FanOutWindow()
    private var call: GRPCCall?
    private var instance: PluginInstance?
    private var inputs: CircularBuffer<Input> = []
    private var isBusy = false
    /// Why the stream has ended.
    private var failure: GatewayError?
    /// Whether the next message is asked for once the window opens.
    private var mustRead = false

    init(id: UInt64, key: StreamKey, context: ContextBytes, bridge: StreamBridge) {
        self.id = id
        self.key = key
        self.context = context
        self.bridge = bridge
        let settings = bridge.settings
        state = FeedState(lingerMS: settings.lingerMS, outageMS: settings.outageMS)
        journal = StreamJournal(
            epoch: String(UInt32.random(in: .min ... .max), radix: 16), messages: settings.replayMessages,
            bytes: settings.replayBytes)
    }

    // MARK: Listeners

    /// A listener joins; gives what it gets first, or why the stream has ended at once.
    func join(loop: Int, _ format: StreamFormat, lastEventID: String?) -> Result<StreamWelcome, GatewayError> {
        audience.add(loop: loop, format)
        window.add(loop: loop)
        let welcome = journal.welcome(id, lastEventID: lastEventID, formats: audience.formats)
        perform(state.joined(now: bridge.now))
        return state.isOver ? .failure(failure ?? StreamBridge.stopping) : .success(welcome)
    }

    func leave(loop: Int, _ format: StreamFormat) {
        let (wasThere, others) = audience.remove(loop: loop, format)
        guard wasThere else { return }
        if !others {
            window.remove(loop: loop)
            readOn()
        }
        perform(state.left())
    }

    // MARK: Events from outside

    func pluginChanged() {
        switch bridge.plugins.state(key.pluginID) {
        case .ready(let ready): perform(state.pluginIsReady(isSame: ready === instance, now: bridge.now))
        case .down(let down):
            if down.phase == .missing { perform(state.pluginIsMissing(down.error)) }
        }
    }

    func use(context: ContextBytes) {
        guard context.shared != self.context.shared else { return }
        self.context.shared = context.shared
        perform(state.settingsChanged(now: bridge.now))
    }

    func stop(_ ending: StreamEnding) { perform(state.stop(ending)) }

    /// Passes on what a client published and the plugin let pass.
    func publish(_ packet: StreamPacket) {
        guard !state.isOver, inputs.count < 1024, window.lag < 1024 else { return }
        take(.published(packet))
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
                // Whoever asks for it while the others are told gets a new one.
                bridge.forget(self)
                let feed = id
                let places = Array(audience.places)
                audience.removeAll()
                for loop in places { bridge.run(on: loop) { $0.end(feed, ending) } }
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
        case .down(let down):
            perform(state.refused(run: run, down.error, isMissing: down.phase == .missing))
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
            case .published(let packet): send(packet)
            case .finished(let run, let error):
                guard state.isCurrent(run: run) else { continue }
                call = nil
                if error?.code == .unimplemented { instance?.note(missing: .runStream) }
                perform(
                    state.finished(
                        run: run, error, pluginID: key.pluginID, now: bridge.now, random: .random(in: 0...1)))
            }
        }
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
        guard message.count > SideWork.inlineLimit else {
            return packetRead(run, Self.read(message, pluginID))
        }
        let charge: MemoryBudget.Charge
        do throws(GatewayError) { charge = try bridge.budget.take(message.count, isFirst: false) } catch {
            return packetRead(run, .failure(error))
        }
        isBusy = true
        let bound = NIOLoopBound(self, eventLoop: bridge.loop)
        let loop = bridge.loop
        bridge.workers.submit { _ in
            let result = Self.read(message, pluginID)
            withExtendedLifetime(charge) {}
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
            state.delivered()
            send(packet)
            mustRead = true
            readOn()
        case .failure(let error):
            perform(state.broken(run: run, error))
        }
    }

    private func send(_ packet: StreamPacket) {
        let message = journal.append(packet, formats: audience.formats)
        window.send(number: message.number, total: message.total)
        let feed = id
        for loop in Array(audience.places) { bridge.run(on: loop) { $0.deliver(feed, message) } }
    }
}
