import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// Translates conversion reviews of an API server to `pluginv2.ResourceConversion` and the answer back to a review.
package final class ConversionBridge {
    private let timeout: Int
    private let requestLimit: Int
    private let setting: String
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let side: SideWork

    /// A bridge for one event loop.
    ///
    /// - Parameters:
    ///   - timeout: for one call, seconds (setting plugin-call-timeout).
    ///   - requestLimit: the most bytes of a review.
    ///   - setting: where that is set, for messages.
    ///   - side: reads large reviews, and writes their answers.
    package init(
        timeout: Int, requestLimit: Int, setting: String = "plugin-request-limit", plugins: LoopPlugins,
        budget: MemoryBudget, side: SideWork
    ) {
        self.timeout = timeout
        self.requestLimit = requestLimit
        self.setting = setting
        self.plugins = plugins
        self.budget = budget
        self.side = side
    }

    /// Asks a plugin and answers the exchange with a review; what goes wrong in the plugin is the review's `result`.
    ///
    /// - Parameter context: the encoded plugin context; there is no data source in it.
    package func review(_ exchange: Exchange, context: ContextBytes, instance: PluginInstance) {
        do throws(GatewayError) { try Review.checkContentType(exchange.request.headers.firstValue(.contentType)) } catch
        {
            return exchange.respond(error)
        }
        exchange.collectBody(limit: requestLimit, setting: setting) { [self] result in
            switch result {
            case .success(let body): ask(exchange, body, context, instance)
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    private func ask(_ exchange: Exchange, _ body: [UInt8], _ context: ContextBytes, _ instance: PluginInstance) {
        exchange.work(on: body.count, "the conversion review", by: side) { () throws(GatewayError) in
            let review = try ConversionReview(body)
            return (review, WrittenPayload(Self.message(review, context)))
        } _: { [self] result in
            do throws(GatewayError) {
                let (review, written) = try result.get()
                guard let payload = written.take() else { return }
                ask(exchange, review, payload, instance)
            } catch {
                exchange.respond(error)
            }
        }
    }

    private static func message(_ review: ConversionReview, _ context: ContextBytes) -> GRPCPayload {
        PluginRequest.conversion(
            context: context, uid: review.uid,
            objects: review.objects.map { RawObject(raw: Array($0), contentType: "application/json") },
            targetGroup: review.desired.group, targetVersion: review.desired.version)
    }

    private func ask(
        _ exchange: Exchange, _ review: ConversionReview, _ payload: consuming GRPCPayload, _ instance: PluginInstance
    ) {
        let call = UnaryCall(exchange, instance, plugins, timeout: timeout, budget: budget)
        let pluginID = instance.pluginID
        call.start(.convertObjects, payload) { [side] message in
            exchange.work(on: message.count, "the answer to the conversion review", by: side) {
                () throws(GatewayError) in
                let answer: ConversionResult
                do throws(WireError) { answer = try ConversionResult(message) } catch {
                    throw PluginFault.unreadable(error.description, pluginID)
                }
                return ByteBuffer(
                    bytes: review.response(
                        converted: answer.objects.map { $0.raw[...] }, result: answer.result.map(ReviewResult.init)))
            } _: { result in
                switch result {
                case .success(let body):
                    PacedBody.respond(exchange, 200, contentType: "application/json", body: body)
                case .failure(let error): exchange.respond(error)
                }
            }
        }
    }
}
