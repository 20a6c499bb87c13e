import DataPlaneAPI
import RPC
import Testing

@testable import PluginBridge
@testable import PluginProtocol

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

    @Test func `a long message is whole, one without end is cut and says so, and an empty one is replaced`() {
        let long = String(repeating: "x", count: 256 * 1024)
        func text(_ message: String) -> String {
            PluginFault.error(GRPCError(code: .unknown, message: message), pluginID: "p", timeout: 7).message
        }
        #expect(text(long) == long)
        let cut = text(String(repeating: "x", count: 1_000_000))
        #expect(cut.hasPrefix(long) && cut.utf8.count < PluginFault.textLimit + 200)
        #expect(cut.hasSuffix("(cut: the plugin's text has 1000000 bytes, 524288 are passed on)"))
        #expect(
            PluginFault.error(GRPCError(code: .unknown, message: ""), pluginID: "p", timeout: 7).message.contains("p"))
    }

    @Test func `a downstream error shows in the details of the Status`() {
        for (source, shows) in [(nil, false), (PluginErrorSource.plugin, false), (.downstream, true)] {
            let failed = GRPCError(code: .unknown, message: "connection refused", errorSource: source)
            let error = PluginFault.error(failed, pluginID: "p", timeout: 7)
            let body = String(decoding: StatusBody.failure(error), as: UTF8.self)
            let cause =
                #""details":{"causes":[{"reason":"DownstreamError","message":"downstream","field":"errorSource"}]}"#
            #expect(body.contains(cause) == shows, "\(body)")
        }
    }
}
