@testable import RPC

/// The methods of the tests' service.
enum EchoMethod: Int, CaseIterable {
    case echo, many, run, none

    static let paths = allCases.map(\.path)

    var path: String { "/test.Echo/\(self)" }
}

extension GRPCServerMethod {
    init(_ method: EchoMethod, handler: @escaping @Sendable (GRPCServerCall) -> Void) {
        self.init(path: method.path, handler: handler)
    }
}

extension GRPCChannel {
    @discardableResult
    func unary(
        _ method: EchoMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions(),
        on target: CompletionTarget, completion: @escaping (Result<GRPCMessage, GRPCError>) -> Void
    ) throws(GRPCError) -> GRPCCall {
        try unary(method: method.rawValue, request, options: options, on: target, completion: completion)
    }

    func unary(
        _ method: EchoMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions()
    ) async throws(GRPCError) -> GRPCMessage {
        try await unary(method: method.rawValue, request, options: options)
    }

    func serverStreaming(
        _ method: EchoMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions(),
        on target: CompletionTarget, onEvent: @escaping (GRPCStreamEvent) -> Void
    ) throws(GRPCError) -> GRPCCall {
        try serverStreaming(method: method.rawValue, request, options: options, on: target, onEvent: onEvent)
    }

    func serverStreaming(
        _ method: EchoMethod, _ request: consuming GRPCPayload, options: GRPCCallOptions = GRPCCallOptions()
    ) throws(GRPCError) -> GRPCStream {
        try serverStreaming(method: method.rawValue, request, options: options)
    }
}
