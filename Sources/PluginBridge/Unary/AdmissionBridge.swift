import Bytes
import DataPlaneAPI
import HTTPKit
import NIOCore
import NIOPosix
import PluginProtocol

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

    /// Reviews above this size leave the event loop, bytes.
    private static let inlineLimit = 64 * 1024

    private let timeout: Int
    private let requestLimit: Int
    private let setting: String
    private let plugins: LoopPlugins
    private let budget: MemoryBudget
    private let workers: NIOThreadPool

    /// A bridge for one event loop.
    ///
    /// - Parameters:
    ///   - timeout: for one call, seconds (setting plugin-call-timeout).
    ///   - requestLimit: the most bytes of a review.
    ///   - setting: where that is set, for messages.
    package init(
        timeout: Int, requestLimit: Int, setting: String = "plugin-request-limit", plugins: LoopPlugins,
        budget: MemoryBudget, workers: NIOThreadPool
    ) {
        self.timeout = timeout
        self.requestLimit = requestLimit
        self.setting = setting
        self.plugins = plugins
        self.budget = budget
        self.workers = workers
    }

    /// Asks a plugin and answers the exchange with a review.
    ///
    /// - Parameter context: the encoded plugin context; there is no data source in it.
    package func review(_ exchange: Exchange, _ question: Question, context: [UInt8], instance: PluginInstance) {
        do throws(GatewayError) { try Review.checkContentType(exchange.request.headers.firstValue(.contentType)) } catch
        {
            return exchange.respond(error)
        }
        exchange.collectBody(limit: requestLimit, setting: setting) { [self] result in
            do throws(GatewayError) {
                let review = try AdmissionReview(try result.get())
                ask(exchange, question, review, context, instance)
            } catch {
                exchange.respond(error)
            }
        }
    }

    private func ask(
        _ exchange: Exchange, _ question: Question, _ review: AdmissionReview, _ context: [UInt8],
        _ instance: PluginInstance
    ) {
        let request = review.request
        let fields = AdmissionRequestFields(
            operation: AdmissionOperation(rawValue: request.operation.number) ?? .update, group: request.kind.group,
            version: request.kind.version, kind: request.kind.kind, object: Array(request.object ?? []),
            oldObject: Array(request.oldObject ?? []))
        let call = UnaryCall(exchange, instance, plugins, timeout: timeout, budget: budget)
        call.start(question.method, PluginRequest.admission(context: context, fields)) {
            [self] (message) throws(GatewayError) in
            let answer: AdmissionResult
            do throws(WireError) { answer = try AdmissionResult(message) } catch {
                throw PluginFault.unreadable(error.description, instance.pluginID)
            }
            // A patch is made of both objects: work that grows with them.
            guard question == .mutate, answer.object.count > Self.inlineLimit else {
                return Self.respond(exchange, try Self.body(review, question, answer))
            }
            let bound = NIOLoopBound(exchange, eventLoop: exchange.loop)
            let loop = exchange.loop
            workers.submit { _ in
                let body = Result { () throws(GatewayError) in try Self.body(review, question, answer) }
                loop.execute {
                    guard !bound.value.isOver else { return }
                    switch body {
                    case .success(let body): Self.respond(bound.value, body)
                    case .failure(let error): bound.value.respond(error)
                    }
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

    private static func respond(_ exchange: Exchange, _ body: [UInt8]) {
        PacedBody.respond(exchange, 200, contentType: "application/json", body: ByteBuffer(bytes: body))
    }
}

extension ReviewResult {
    /// What a plugin gave as its reason.
    init(_ result: StatusResult) {
        self.init(status: result.status, message: result.message, reason: result.reason, code: Int(result.code))
    }
}
