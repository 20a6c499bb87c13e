import Bytes
import DataFrames
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginProtocol
import RPC

/// Answers queries line by line while the plugin makes them; a plugin that can't do that is asked for all at once.
///
/// Bound to the exchange's loop. A failure after the first line is told in lines of its own, one per refId.
final class ChunkedQueryAnswer {
    private static let contentType = "text/jsonl"

    private var request: QueryCall
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let workers: NIOThreadPool
    private let frames = BegunFrames()
    private var exchange: Exchange { request.exchange }
    private var instance: PluginInstance { request.instance }
    private var call: GRPCCall?
    private var clock: CallClock?
    private var writer: PacedBody?
    private var isDone = false
    private var isFirst = true

    init(_ request: QueryCall, plugins: LoopPlugins, budget: MemoryBudget, workers: NIOThreadPool) {
        self.request = request
        self.plugins = plugins
        self.budget = budget
        self.workers = workers
    }

    func begin() {
        // The process has said so before.
        if instance.isMissing(.queryChunkedData) { return fallBack() }
        do throws(GatewayError) {
            let payload = try request.payload()
            do throws(GRPCError) {
                let call = try instance.channel.serverStreaming(
                    .queryChunkedData, payload, on: plugins.completions
                ) { [self] in take($0) }
                self.call = call
                exchange.take(self)
                clock = CallClock(exchange.loop, seconds: request.settings.timeout) { [self] in
                    failed(GRPCError(code: .deadlineExceeded, message: ""))
                }
                call.read()
            } catch {
                throw fault(error)
            }
        } catch {
            exchange.respond(error)
        }
    }

    private func take(_ event: GRPCStreamEvent) {
        guard !isDone, !exchange.isOver else { return }
        switch event {
        case .message(let message): take(message)
        case .finished(let failure?): failed(failure)
        case .finished(nil):
            if !exchange.isResponseStarted { start() }
            end()
        }
    }

    private func take(_ message: GRPCMessage) {
        clock?.pause()
        let charge: MemoryBudget.Charge
        do throws(GatewayError) { charge = try budget.take(message.count, isFirst: isFirst) } catch {
            return failed(error)
        }
        if isFirst {
            isFirst = false
            if message.count < 4096, let chunk = try? message.withBytes({ try QueryChunk($0).isUnsupported }), chunk {
                instance.note(missing: .queryChunkedData)
                return fallBack()
            }
            request.isSent()
        }
        guard message.count > SideWork.inlineLimit else {
            var out = JSONOutput()
            if let text = Self.line(message, frames, to: &out) { return failed(text) }
            let line = ByteBuffer(taking: out.take())
            if !exchange.isResponseStarted { start() }
            return write(line, charge)
        }
        let answer = ChunkedAnswer(exchange, contentType: Self.contentType, budget: budget) { [self] in next() }
        let frames = frames
        workers.submit { [self = NIOLoopBound(self, eventLoop: exchange.loop), loop = exchange.loop] state in
            guard case .active = state else { return loop.execute { self.value.failed(PluginFault.stopping) } }
            var out = JSONOutput { chunk in
                answer.send(ByteBuffer(taking: chunk))
            } isWanted: {
                !answer.isCancelled
            }
            if let text = Self.line(message, frames, to: &out) {
                loop.execute { self.value.failed(text) }
            } else {
                answer.finish()
            }
            withExtendedLifetime(charge) {}
        }
    }

    /// Writes the line of a message; the text says why the message is none.
    private static func line(_ message: GRPCMessage, _ frames: BegunFrames, to out: inout JSONOutput) -> String? {
        do throws(FrameError) {
            try message.withBytes { (bytes) throws(FrameError) in
                let chunk = try QueryChunk(bytes)
                chunk.writeLine(rowsOnly: !chunk.frame.isEmpty && !frames.begin(chunk), to: &out)
                out.finish()
            }
            return nil
        } catch {
            return error.message
        }
    }

    private func write(_ line: ByteBuffer, _ charge: MemoryBudget.Charge) {
        let writer = writer ?? PacedBody(exchange)
        self.writer = writer
        exchange.lend(to: writer)
        writer.add(line) { withExtendedLifetime(charge) {} }
        writer.drained { [self] in next() }
    }

    private func next() {
        guard !isDone, !exchange.isOver else { return }
        clock?.restart(seconds: request.settings.timeout)
        call?.read()
    }

    private func start() {
        exchange.start(status: 200, body: .unknown) { head in
            head.add("Content-Type", Self.contentType)
            head.addDate()
        }
    }

    private func failed(_ error: GRPCError) {
        guard !isDone, !exchange.isOver else { return }
        if error.code == .unimplemented, !exchange.isResponseStarted {
            instance.note(missing: .queryChunkedData)
            return fallBack()
        }
        failed(fault(error))
    }

    private func failed(_ unreadable: String) {
        guard !isDone, !exchange.isOver else { return }
        failed(PluginFault.unreadable(unreadable, instance.pluginID))
    }

    private func failed(_ error: GatewayError) {
        stop()
        guard exchange.isResponseStarted else { return exchange.respond(error) }
        exchange.error = error
        var out = JSONOutput()
        for refID in request.refIDs { QueryLines.writeError(error.message, refID, to: &out) }
        out.finish()
        exchange.write(ByteBuffer(taking: out.take()))
        exchange.end()
    }

    private func end() {
        isDone = true
        clock?.cancel()
        exchange.letGo()
        exchange.end()
    }

    private func stop() {
        isDone = true
        clock?.cancel()
        writer?.cancel()
        exchange.letGo()
        call?.cancel()
        call = nil
    }

    private func fault(_ error: GRPCError) -> GatewayError {
        PluginFault.error(error, of: .queryChunkedData, instance: instance, timeout: request.settings.timeout)
    }

    // MARK: All at once

    private func fallBack() {
        stop()
        request.unary(on: plugins, budget) { [self] message in answer(message) }
    }

    private func answer(_ message: GRPCMessage) {
        let refIDs = request.refIDs
        let pluginID = instance.pluginID
        guard message.count > SideWork.inlineLimit else {
            var out = JSONOutput()
            if let error = Self.lines(message, refIDs, pluginID, to: &out) { return exchange.respond(error) }
            exchange.respond(200, contentType: Self.contentType, body: ByteBuffer(taking: out.take()))
            return
        }
        let answer = ChunkedAnswer(exchange, contentType: Self.contentType, budget: budget)
        workers.submit { state in
            guard case .active = state else { return answer.fail(PluginFault.stopping) }
            var out = JSONOutput { chunk in
                answer.send(ByteBuffer(taking: chunk))
            } isWanted: {
                !answer.isCancelled
            }
            if let error = Self.lines(message, refIDs, pluginID, to: &out) {
                answer.fail(error)
            } else {
                answer.finish()
            }
        }
    }

    private static func lines(
        _ message: GRPCMessage, _ refIDs: [String], _ pluginID: String, to out: inout JSONOutput
    ) -> GatewayError? {
        do throws(FrameError) {
            try message.withBytes { (bytes) throws(FrameError) in
                try QueryLines.write(
                    bytes, asked: refIDs, missing: "the plugin \(pluginID) gave no answer for this refId", to: &out)
            }
            return nil
        } catch {
            return PluginFault.unreadable(error.message, pluginID)
        }
    }
}

extension ChunkedQueryAnswer: ExchangeOwner {
    func exchangeAborted() { stop() }
}
