import DataPlaneAPI
import PluginProtocol
import Testing

@testable import PluginBridge

/// How a plugin call that failed looks to the client.
struct PluginFaultTests {
    static let rows: [(code: GRPCError.Code, status: Int)] = [
        (.cancelled, 502), (.unknown, 502), (.invalidArgument, 400), (.deadlineExceeded, 504), (.notFound, 404),
        (.permissionDenied, 403), (.resourceExhausted, 502), (.unimplemented, 501), (.internalError, 502),
        (.unavailable, 503), (.dataLoss, 502), (.unauthenticated, 401), (.init(rawValue: 99), 502),
        (.init(rawValue: -1), 502),
    ]

    @Test(arguments: rows)
    func `every code has its status`(row: (code: GRPCError.Code, status: Int)) {
        let error = PluginFault.error(GRPCError(code: row.code, message: "why"), pluginID: "p", timeout: 7)
        #expect(error.httpStatus == row.status)
        #expect(error.source == .plugin)
        #expect(!error.message.isEmpty)
    }

    @Test func `a message without end is cut and an empty one replaced`() {
        let long = String(repeating: "x", count: 100_000)
        #expect(
            PluginFault.error(GRPCError(code: .unknown, message: long), pluginID: "p", timeout: 7).message.utf8.count
                <= 4096)
        #expect(
            PluginFault.error(GRPCError(code: .unknown, message: ""), pluginID: "p", timeout: 7).message.contains("p"))
    }
}
