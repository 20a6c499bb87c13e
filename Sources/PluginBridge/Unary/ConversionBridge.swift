import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol

/// Translates conversion reviews of an API server to `pluginv2.ResourceConversion` and the answer back to a review.
package final class ConversionBridge {
    private let timeout: Int
    private let requestLimit: Int
    private let setting: String
    private let plugins: LoopPlugins
    private let budget: MemoryBudget

    /// A bridge for one event loop.
    ///
    /// - Parameters:
    ///   - timeout: for one call, seconds (setting plugin-call-timeout).
    ///   - requestLimit: the most bytes of a review.
    ///   - setting: where that is set, for messages.
    package init(
        timeout: Int, requestLimit: Int, setting: String = "plugin-request-limit", plugins: LoopPlugins,
        budget: MemoryBudget
    ) {
        self.timeout = timeout
        self.requestLimit = requestLimit
        self.setting = setting
        self.plugins = plugins
        self.budget = budget
    }

    /// Asks a plugin and answers the exchange with a review; what goes wrong in the plugin is the review's `result`.
    ///
    /// - Parameter context: the encoded plugin context; there is no data source in it.
    package func review(_ exchange: Exchange, context: [UInt8], instance: PluginInstance) {
        do throws(GatewayError) { try Review.checkContentType(exchange.request.headers.firstValue(.contentType)) } catch
        {
            return exchange.respond(error)
        }
        exchange.collectBody(limit: requestLimit, setting: setting) { [self] result in
            do throws(GatewayError) {
                let review = try ConversionReview(try result.get())
                ask(exchange, review, context, instance)
            } catch {
                exchange.respond(error)
            }
        }
    }

    private func ask(
        _ exchange: Exchange, _ review: ConversionReview, _ context: [UInt8], _ instance: PluginInstance
    ) {
        let request = PluginRequest.conversion(
            context: context, uid: review.uid,
            objects: review.objects.map { RawObject(raw: Array($0), contentType: "application/json") },
            targetGroup: review.desired.group, targetVersion: review.desired.version)
        let call = UnaryCall(exchange, instance, plugins, timeout: timeout, budget: budget)
        call.start(.convertObjects, request) { (message) throws(GatewayError) in
            let answer: ConversionResult
            do throws(WireError) { answer = try ConversionResult(message) } catch {
                throw PluginFault.unreadable(error.description, instance.pluginID)
            }
            let body = review.response(
                converted: answer.objects.map { $0.raw[...] }, result: answer.result.map(ReviewResult.init))
            PacedBody.respond(exchange, 200, contentType: "application/json", body: ByteBuffer(bytes: body))
        }
    }
}
