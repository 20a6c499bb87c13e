import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import PluginProtocol
import RPC

/// Translates admission reviews of an API server to `pluginv2.AdmissionControl` and the answer back to a review.
package final class AdmissionBridge {
    /// What is asked of the plugin.
    package enum Question: Sendable {
        /// Whether the object may be stored.
        case validate
        /// The object as it should be stored.
        case mutate

        var method: PluginMethod { self == .validate ? .validateAdmission : .mutateAdmission }
    }

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

    /// Asks a plugin and answers the exchange with a review.
    ///
    /// - Parameter context: the encoded plugin context; there is no data source in it.
    package func review(_ exchange: Exchange, _ question: Question, context: ContextBytes, instance: PluginInstance) {
        do throws(GatewayError) { try Review.checkContentType(exchange.request.headers.firstValue(.contentType)) } catch
        {
            return exchange.respond(error)
        }
        exchange.collectBody(limit: requestLimit, setting: setting) { [self] result in
            switch result {
            case .success(let body): ask(exchange, question, body, context, instance)
            case .failure(let error): exchange.respond(error)
            }
        }
    }

    private func ask(
        _ exchange: Exchange, _ question: Question, _ body: [UInt8], _ context: ContextBytes, _ instance: PluginInstance
    ) {
        exchange.work(on: body.count, "the admission review", by: side) { () throws(GatewayError) in
            let review = try AdmissionReview(body)
            return (review, WrittenPayload(Self.message(review.request, context)))
        } _: { [self] result in
            do throws(GatewayError) {
                let (review, written) = try result.get()
                guard let payload = written.take() else { return }
                ask(exchange, question, review, payload, instance)
            } catch {
                exchange.respond(error)
            }
        }
    }

    private static func message(_ request: AdmissionReviewRequest, _ context: ContextBytes) -> GRPCPayload {
        PluginRequest.admission(
            context: context,
            AdmissionRequestFields(
                operation: AdmissionOperation(rawValue: request.operation.number) ?? .update, group: request.kind.group,
                version: request.kind.version, kind: request.kind.kind, object: Array(request.object ?? []),
                oldObject: Array(request.oldObject ?? [])))
    }

    private func ask(
        _ exchange: Exchange, _ question: Question, _ review: AdmissionReview, _ payload: consuming GRPCPayload,
        _ instance: PluginInstance
    ) {
        let call = UnaryCall(exchange, instance, plugins, timeout: timeout, budget: budget)
        let pluginID = instance.pluginID
        // A patch is made of both objects.
        let object = question == .mutate ? review.request.object?.count ?? 0 : 0
        call.start(question.method, payload) { [side] message in
            exchange.work(on: message.count + object, "the answer to the admission review", by: side) {
                () throws(GatewayError) in
                let answer: AdmissionResult
                do throws(WireError) { answer = try AdmissionResult(message) } catch {
                    throw PluginFault.unreadable(error.description, pluginID)
                }
                return ByteBuffer(bytes: try Self.body(review, question, answer))
            } _: { result in
                switch result {
                case .success(let body):
                    PacedBody.respond(exchange, 200, contentType: "application/json", body: body)
                case .failure(let error): exchange.respond(error)
                }
            }
        }
    }

    private static func body(
        _ review: AdmissionReview, _ question: Question, _ result: AdmissionResult
    ) throws(GatewayError) -> [UInt8] {
        let answer = AdmissionAnswer(
            allowed: result.allowed, result: result.result.map(ReviewResult.init), warnings: result.warnings,
            object: result.object[...])
        switch question {
        case .validate: return review.validationResponse(answer)
        case .mutate: return try review.mutationResponse(answer)
        }
    }
}

extension ReviewResult {
    /// What a plugin gave as its reason.
    init(_ result: StatusResult) {
        self.init(status: result.status, message: result.message, reason: result.reason, code: Int(result.code))
    }
}
